# %% [markdown]
# # Arrays that can be changed
#
# A tensor is an array of numbers of one type, with a shape, on some device. Nearly all that you know of `jax.numpy`
# carries over; what is new is that a tensor can be changed in place, and that two tensors can look at the same memory.

# %% [markdown]
# ## What you will be able to do
#
# - make tensors: filled, drawn, counted, from lists and from NumPy;
# - say which dtype comes out, and why a NumPy array so often brings float64 with it;
# - tell a copy from a view, by what happens when one of the two is written to;
# - read shape and strides, and say when `view` works and when it cannot;
# - multiply matrices and batches of them with `@`, `mm`, `bmm` and `einsum`;
# - take out rows, columns and samples with slices, masks and index tensors.

# %% [markdown]
# ## Making tensors
#
# What the functions are called you know already. What differs between the libraries is where the random numbers come
# from, and what a list of ints becomes.
#
# === "torch"
#
#     ```python
#     torch.empty(2, 3)               # uninitialised: whatever lay in that memory
#     torch.zeros(2, 3)
#     torch.ones(2, 3)
#     torch.rand(2, 3)                # uniform in [0, 1), from a hidden global state
#     torch.randn(2, 3)               # standard normal, likewise
#     torch.arange(6)                 # int64
#     torch.tensor([[1, 2], [3, 4]])  # int64
#     ```
#
# === "JAX"
#
#     ```python
#     jnp.empty((2, 3))               # zeros: nothing is ever uninitialised
#     jnp.zeros((2, 3))
#     jnp.ones((2, 3))
#     jax.random.uniform(key, (2, 3))
#     jax.random.normal(key, (2, 3))
#     jnp.arange(6)                   # int32
#     jnp.array([[1, 2], [3, 4]])     # int32
#     ```

# %%
import numpy as np
import torch

from xorfunc import data, plot, random

torch.set_num_threads(1)

print(torch.zeros(2, 3))
print(torch.arange(6.0))
print(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
print("uninitialised, only the shape is certain:", torch.empty(2, 3).shape)

# %% [markdown]
# `torch.empty` saves the time of filling memory that you are about to overwrite. Read before that, its entries are
# anything, from zero to $10^{38}$ or `nan`, and different in the next run.
#
# `torch.rand` and `torch.randn` draw from one state that the whole program shares. `torch.manual_seed` sets it. This
# works until somebody else's code draws a number in between:

# %%
torch.manual_seed(0)
first = torch.randn(2)
torch.manual_seed(0)
torch.rand(1)  # one draw more, somewhere far away
print(first, torch.randn(2))

# %% [markdown]
# So this course draws from *keys*, as JAX does: the same key gives the same numbers, whatever else happens.
# [Lesson 4](04-data.md) is about them.

# %%
key = random.key(0)
print(random.normal(key, (2,)), random.normal(key, (2,)))

# %% [markdown]
# The functions that end in `_like` take shape, dtype and device from another tensor. They make code that runs anywhere:
# `torch.zeros_like(x)` is right for a float64 on a GPU too.
#
# ## Dtypes
#
# Every tensor has one dtype. Floats from Python become float32, ints become int64, and what comes from NumPy keeps
# what it had, which for floats is usually float64:

# %%
sources = {"floats": [1.0, 2.0], "ints": [1, 2], "bools": [True, False], "NumPy": np.array([1.0, 2.0])}
for name, source in sources.items():
    print(f"{name:7}", torch.tensor(source).dtype)
print("asked  ", torch.tensor([1, 2], dtype=torch.float32).dtype)

# %% [markdown]
# Mixed operands are promoted to the wider type. A Python number is modest: it takes on the dtype of the tensor, and so
# does a tensor of no dimension. All others are not, and a single float64 vector turns all that it touches into float64:
# twice the memory, and slower.

# %%
x32, x64, n = torch.ones(2), torch.ones(2, dtype=torch.float64), torch.tensor([1, 2])
print("float32 + 0.5    ", (x32 + 0.5).dtype)
print("float32 + float64", (x32 + x64).dtype)
print("int64 + float32  ", (n + x32).dtype)
print("int64 / int64    ", (n / n).dtype)

# %% [markdown]
# JAX spares you this by cutting float64 down to float32 unless you set `jax_enable_x64`. In torch you convert by hand,
# once, where the data come in: `torch.tensor(a, dtype=torch.float32)` or `x.float()`.
#
# Some operations ask for equal dtypes and do not promote. Matrix products are of that kind:

# %% tags=["raises-exception"]
torch.tensor([1, 2]) @ torch.tensor([1.0, 2.0])

# %% [markdown]
# ## Shapes
#
# `x.shape` is a `torch.Size`, which is a tuple of ints. A scalar is a tensor as well, of shape `[]`; `.item()` makes a
# Python number of it. This course notes shapes in brackets: `[N, D]` is N samples with D features each.

# %%
x, y = data.continuous_xor(random.key(1), 200, 0.15)
print("x", x.shape, x.dtype)
print("y", tuple(y.shape), y.dtype)
print("mean", x.mean(), "a Python number:", x.mean().item())
print(x.ndim, "dimensions,", x.numel(), "entries")

# %% [markdown]
# Shapes that differ are *broadcast*, by NumPy's rules: they are laid side by side from the right, a size of 1 is
# stretched, and missing sizes are put in front. With `x` of `[N, D]`, `x - x.mean(0)` is `[N, D]` minus `[D]`: each
# column loses its mean. The same rules turn `[N]` and `[N, 1]` into `[N, N]`, which is hardly ever meant:

# %%
s = torch.zeros(200, 1)  # what a network gives for 200 samples
print("[N] - [N, 1] is", tuple((y - s).shape))
print("[N] - [N]    is", tuple((y - s[:, 0]).shape))

# %% [markdown]
# ## NumPy, there and back
#
# `torch.from_numpy(a)` and `t.numpy()` copy nothing. The tensor and the array are two names for one piece of memory:

# %%
a = np.zeros(3, dtype=np.float32)
shared, copied = torch.from_numpy(a), torch.tensor(a)
a[0] = 5
shared[1] = 7
print("array ", a)
print("shared", shared)
print("copied", copied)

# %% [markdown]
# | | copies? | keeps the dtype? |
# |---|---|---|
# | `torch.tensor(a)` | always | yes |
# | `torch.from_numpy(a)` | never | yes |
# | `torch.as_tensor(a)` | only if it must | yes, unless you ask for another |
# | `torch.from_numpy(a).float()` | yes, if `a` is not float32 | no |
# | `t.numpy()` | never | yes |
#
# === "torch"
#
#     ```python
#     t = torch.from_numpy(a)  # shares memory, keeps float64
#     a = t.numpy()            # shares memory, can be written to
#     ```
#
# === "JAX"
#
#     ```python
#     j = jnp.asarray(a)       # float32, unless jax_enable_x64 is set
#     a = np.asarray(j)        # read-only: nobody may change a JAX array
#     ```
#
# The way back asks for two things. NumPy knows nothing of gradients, so a tensor that requires grad must leave its
# graph; and NumPy has no GPU. `t.detach().cpu().numpy()` does all of it, and is free where there is nothing to do.

# %% tags=["raises-exception"]
torch.tensor([1.0, 2.0], requires_grad=True).numpy()

# %% [markdown]
# ## In place, and why not
#
# JAX arrays never change. Tensors do: by assignment to an index, by `+=`, and by every method whose name ends in an
# underscore, such as `add_`, `mul_`, `zero_` or `copy_`.
#
# === "torch"
#
#     ```python
#     x[0] = 5      # changes x, and whatever shares its memory
#     x.add_(y)     # likewise, and gives x back
#     z = x + y     # a new tensor; x stays as it is
#     ```
#
# === "JAX"
#
#     ```python
#     x = x.at[0].set(5)  # a new array under the old name
#     x = x + y
#     ```

# %%
total = torch.tensor([1.0, 2.0])
same = total  # a second name, not a copy
same += 10
print("by +=     ", total)
same = same + 10  # a new tensor; the name `same` moves on
print("by x = x +", total)


# %% [markdown]
# `x += y` and `x = x + y` look alike, and only the first changes what others see. A function that is given `x` and says
# `x += y` has changed its caller's data, and no signature tells that it does.


# %%
def centred(x):
    x -= x.mean(0)
    return x


points = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
centred(points)  # the result is not even used
print("the caller's points are now", points.tolist())

# %% [markdown]
# So this course writes `x - x.mean(0)` and gives a new tensor. There are three reasons. A function whose arguments
# stay as they were can be understood by itself. Autograd needs the old values later, and raises if they are gone
# ([lesson 2](02-autograd.md)). And `vmap` cannot write a hundred values into one place ([lesson 3](03-transforms.md)).
# The price is memory for the result, which for tensors of this course's size is nothing.
#
# ## Views
#
# Memory is one long row of numbers. A tensor is a *view* of it: a start, a shape, and for each dimension a **stride**,
# which says how far to go in memory for one step along that dimension:
#
# $$ \text{place of } x_{rc} = \text{start} + r \cdot \text{stride}_0 + c \cdot \text{stride}_1 $$
#
# ```mermaid
# flowchart LR
#     M["memory: 0 1 2 3 4 5"]
#     M --> A["x, [2, 3], strides (3, 1)"]
#     M --> B["x.T, [3, 2], strides (1, 3)"]
#     M --> C["x[:, 1], [2], start 1, stride (3)"]
# ```
#
# Transposing, slicing and viewing change these few numbers and leave the memory alone. That is why they cost nothing,
# however large the tensor is, and why a write through one view shows in all:

# %%
row = torch.arange(6.0)
m = row.view(2, 3)
for name, t in {"m": m, "m.T": m.T, "m[:, 1]": m[:, 1], "m[0]": m[0]}.items():
    print(f"{name:8} shape {tuple(t.shape)!s:7} strides {t.stride()!s:7} start {t.storage_offset()}")
m.T[2, 0] = 99
print(row)

# %% [markdown]
# JAX has no views to be seen. Nobody can write, so nobody can tell whether two arrays share memory.
#
# ### Contiguous or not
#
# A tensor is *contiguous* when reading it row by row runs through memory without a jump. `m.T` is not: its first row is
# made of the places 0 and 3. `view` needs strides that fit its new shape, and refuses where there are none:

# %% tags=["raises-exception"]
m.T.view(6)

# %%
flat = m.T.reshape(6)
print(flat)
print("contiguous:", m.is_contiguous(), m.T.is_contiguous(), m.T.contiguous().is_contiguous())
print("memory shared with row:", flat.data_ptr() == row.data_ptr())

# %% [markdown]
# `reshape` gives a view if it can and a copy if it must. It is the one to use when you only read. Use `view` where
# sharing is the point, because it says so when it cannot.
#
# ### Permutations are not reshapes
#
# `reshape` keeps the numbers in their order and lays them out in other rows. A permutation moves them: entry `[r, c]`
# goes to `[c, r]`. Both give the shape `[3, 2]`, so no error tells you which of them you took:

# %%
m = torch.arange(6).view(2, 3)
print(m.T.tolist())
print(m.reshape(3, 2).tolist())
images = torch.zeros(10, 28, 20, 3)
print(tuple(images.permute(0, 3, 1, 2).shape), tuple(images.transpose(1, 2).shape), tuple(images.mT.shape))

# %% [markdown]
# `permute` names all dimensions in their new order; `transpose` swaps two; `.T` is for matrices, and `.mT` swaps the
# last two of anything larger. JAX's `jnp.transpose(x, axes)` is torch's `permute`.
#
# ## Products
#
# `*` multiplies entry by entry, `@` multiplies matrices. For a layer of a network, with N samples `[N, D]` and weights
# `[D, H]`:
#
# $$ (x\, w)_{nh} = \sum_d x_{nd}\, w_{dh} $$
#
# `torch.mm` takes two matrices and nothing else. `torch.bmm` takes two batches of as many matrices. `torch.matmul`,
# which is what `@` calls, takes vectors, matrices and batches, and broadcasts all dimensions before the last two:

# %%
key_w, key_a, key_b = random.split(random.key(2), 3)
w = random.normal(key_w, (2, 4))
print("x @ w      ", tuple((x @ w).shape), torch.equal(x @ w, torch.mm(x, w)))
a, b = random.normal(key_a, (5, 2, 3)), random.normal(key_b, (5, 3, 4))
print("batches    ", tuple((a @ b).shape), torch.allclose(a @ b, torch.bmm(a, b)))
print("one for all", tuple((a @ b[0]).shape))

# %% [markdown]
# The strict two are useful for exactly what they refuse: `bmm` never broadcasts a matrix that you gave by mistake.
#
# ### einsum
#
# Where a formula has more than two indices, `@` needs permutations around it. `einsum` writes the formula itself: a
# letter for each index, the letters of the result behind the arrow, and *letters that are missing there are summed
# over*.
#
# | formula | letters | the same as |
# |---|---|---|
# | $\sum_d x_{nd} w_{dh}$ | `nd,dh->nh` | `x @ w` |
# | $\sum_m a_{bnm} b_{bmp}$ | `bnm,bmp->bnp` | `torch.bmm(a, b)` |
# | $x_{rc}$ at $[c, r]$ | `rc->cr` | `x.T` |
# | $\sum_d x_{nd}^2$ | `nd,nd->n` | `(x * x).sum(1)` |
# | $\sum_n x_{nd} x_{ne}$ | `nd,ne->de` | `x.T @ x` |

# %%
print("product      ", torch.allclose(torch.einsum("nd,dh->nh", x, w), x @ w))
print("squared norms", torch.allclose(torch.einsum("nd,nd->n", x, x), (x * x).sum(1)))
centred_x = x - x.mean(0)
print("covariance\n", torch.einsum("nd,ne->de", centred_x, centred_x) / (len(x) - 1))

# %% [markdown]
# `jnp.einsum` takes the same strings. Formulas of three tensors are no harder, and the exercise asks for one.
#
# ## Taking parts
#
# An index drops its dimension, a slice keeps it. `a:b` starts at `a` and ends *before* `b`; negative numbers count
# from the end.

# %%
t = torch.arange(12).view(4, 3)
print(t)
print("t[0]     ", t[0].tolist(), "  t[0:1] ", t[0:1].tolist())
print("t[:, 1]  ", t[:, 1].tolist(), "  t[:2, -1]", t[:2, -1].tolist())
print("t[1:3]   ", t[1:3].tolist())

# %% [markdown]
# A **mask** is a tensor of bools that says of each row whether to take it. An **index tensor** lists the rows, in any
# order and as often as you like; this is how batches are drawn.

# %%
print("of class 1:", tuple(x[y == 1].shape), " of class 0:", tuple(x[y == 0].shape))
print("rows 3, 0, 0:", t[torch.tensor([3, 0, 0])].tolist())
print("entries [0, 2] and [3, 1]:", t[torch.tensor([0, 3]), torch.tensor([2, 1])].tolist())

# %% [markdown]
# Two index tensors side by side are read in *pairs*, as the last line shows. So one entry of each row, another column
# every time, is `t[torch.arange(N), column]`. A classifier picks the log-probability of the right class in this way.
# `gather` does the same with one index tensor, which must have as many dimensions as what it takes from:
#
# === "torch"
#
#     ```python
#     t[torch.arange(4), column]                    # [4]
#     t.gather(1, column[:, None])                  # [4, 1]: result[i, j] = t[i, index[i, j]]
#     torch.take_along_dim(t, column[:, None], 1)   # the same, and broadcasts
#     ```
#
# === "JAX"
#
#     ```python
#     t[jnp.arange(4), column]
#     jnp.take_along_axis(t, column[:, None], axis=1)
#     ```

# %%
column = torch.tensor([2, 0, 1, 1])
print(t[torch.arange(4), column])
print(t.gather(1, column[:, None])[:, 0])
print("all four rows, for each entry of column:", tuple(t[:, column].shape))

# %% [markdown]
# The samples of continuous XOR lie around the corners of a square. Those that lie on the right side of the middle are a
# mask away:

# %% alt="The samples of continuous XOR whose first coordinate is above one half: class 1 around the corner (1, 0), class 0 around the corner (1, 1)."
right = x[:, 0] > 0.5
plot.samples(x[right], y[right])

# %% [markdown]
# Slices are views. Masks and index tensors make copies, because their rows have no common stride. On the *left* of an
# assignment all of them write into the tensor itself:

# %%
t = torch.zeros(4)
t[:2].add_(1)  # a view: t changes
t[torch.tensor([2, 3])].add_(1)  # a copy: lost
print(t)
t[torch.tensor([2, 3])] = 8  # written into t
print(t)

# %% [markdown]
# How many rows a mask gives depends on values. Inside `vmap` and `jit` shapes must not, so there one keeps all
# rows and chooses with `torch.where(mask, x, 0)`, in torch as in JAX.
#
# ## Pitfalls
#
# !!! warning "Pitfall: a view taken for a copy"
#     `best = w` and `best = w[:]` copy nothing, and change with the next in-place step. There is no error. Say
#     `w.clone()` when you want to keep what it is now.
#
# !!! warning "Pitfall: ints where floats were meant"
#     `torch.tensor([1, 2]).mean()` raises `RuntimeError: mean(): could not infer output dtype. Input dtype must be
#     either a floating point or complex dtype. Got: Long`. Write `1.0`, or say `dtype=torch.float32`.
#
# !!! warning "Pitfall: `torch.Tensor` with a capital"
#     `torch.Tensor(3)` is no scalar 3, but three uninitialised floats. `torch.tensor(3)` makes a tensor of a value.
#
# !!! warning "Pitfall: factors that do not fit"
#     `x @ x` for an `x` of `[2, 3]` raises `RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)`. The
#     inner sizes must agree. Read the shapes before you add a `.T`: one that makes the error go away need not be right.
#
# !!! warning "Pitfall: writing through an expanded tensor"
#     `torch.zeros(3).expand(2, 3).add_(1)` raises `RuntimeError: unsupported operation: more than one element of the
#     written-to tensor refers to a single memory location.` Its stride along the new dimension is 0: both rows are one.
#
# !!! warning "Pitfall: steps backwards"
#     `x[::-1]` raises `ValueError: step must be greater than zero`. Strides of tensors are never negative. Use
#     `x.flip(0)`, which copies.
#
# !!! warning "Pitfall: past the end"
#     `x[10]` of four rows raises `IndexError: index 10 is out of bounds for dimension 0 with size 4`. JAX gives the
#     last row instead, without a word: what ran there by luck stops here.
#
# !!! warning "Pitfall: `.data`"
#     `x.data = x + y` gives `x` other memory. Views of `x` still show the old numbers, and autograd does not notice.
#     For a change in place there is `x.add_(y)`.
#
# !!! warning "Pitfall: a float tensor as index"
#     `x[torch.tensor([0.0, 1.0])]` raises `IndexError: tensors used as indices must be long, int, byte or bool
#     tensors`.
#
# !!! warning "Pitfall: two brackets for two indices"
#     `x[:2][-1]` is the last *row* of the first two. `x[:2, -1]` is their last column.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: x is `[6]`. What are the strides of `x.view(2, 3).T`, and does `.view(6)` work on it?"
#     `(1, 3)`. It does not: the order 0, 3, 1, 4, 2, 5 has no single stride in memory. `.reshape(6)` copies.
#
# ??? question "Quiz: Which of these share memory with x: `x[1:]`, `x[[1, 2]]`, `x.T`, `x.float()`, `x + 0`, for x of float32?"
#     `x[1:]`, `x.T`, and `x.float()`, which gives `x` itself since there is nothing to convert. A list of indices
#     copies, and arithmetic always makes a new tensor.
#
# ??? question "Quiz: Write the einsum for $r_n = \sum_d x_{nd}\, y_{nd}$ and for $g_{nm} = \sum_d x_{nd}\, y_{md}$. Which one is larger?"
#     `nd,nd->n` and `nd,md->nm`. The second has $N M$ entries, all pairs; the first is its diagonal if $M = N$.
#
# ??? question "Quiz: y is `[200]` and s is `[200, 1]`. `((y - s) ** 2).mean()` runs. What does it compute?"
#     The mean over all 40,000 pairs, sample against other sample's prediction. It falls when you train, only
#     not to where it should: the best constant prediction is all that it rewards.

# %% [markdown]
# ## Exercise
#
# Fifteen functions, nearly all of one line. They must hold for every size and memory layout, keep the dtype, and leave
# their arguments alone, unless the name ends in an underscore.

# %% [markdown]
# `from_rows` makes a matrix of lists, an inner list for each row. It is float32, also where all the numbers are ints.

# %% tags=["student"] function="from_rows"

# %% [markdown]
# `shape_of` gives the size of each dimension. A tuple of ints is asked for, and torch has one ready.

# %% tags=["student"] function="shape_of"

# %% [markdown]
# `to_numpy` gives the values as an array of the same dtype. It must work for a tensor that requires grad, too.

# %% tags=["student"] function="to_numpy"

# %% [markdown]
# `share_numpy` copies nothing: what is written into the array later shows in the tensor. Keep the array's dtype, since
# another one would need other memory.

# %% tags=["student"] function="share_numpy"

# %% [markdown]
# `add` gives the sum, entry by entry, as a new tensor. Neither argument changes.

# %% tags=["student"] function="add"

# %% [markdown]
# `add_` changes its first argument, so that every view of it shows the sum. It gives that same tensor back, and leaves
# the second one alone.

# %% tags=["student"] function="add_"

# %% [markdown]
# `as_matrix` looks at a vector as a matrix, row after row. It is a view: a write into the matrix shows in the vector.

# %% tags=["student"] function="as_matrix"

# %% [markdown]
# `transpose` gives `[C, R]` from `[R, C]`. It is a permutation and no reshape.

# %% tags=["student"] function="transpose"

# %% [markdown]
# `matmul` is the product of `[N, D]` and `[D, H]`. No transposing is needed.

# %% tags=["student"] function="matmul"

# %% [markdown]
# `batch_matmul` takes two batches of as many matrices. Each pair gives one product, and no two pairs are mixed.

# %% tags=["student"] function="batch_matmul"

# %% [markdown]
# `bilinear` computes $r_n = \sum_{de} x_{nd}\, a_{de}\, y_{ne}$: three tensors, two sums, one number for each row. Give
# each index a letter.

# %% tags=["student"] function="bilinear"

# %% [markdown]
# The last four take parts of a matrix, whatever its size. `second_column` gives a vector `[R]`: mind what drops a
# dimension.

# %% tags=["student"] function="second_column"

# %% [markdown]
# `first_row` is the same for rows. It gives `[C]`, not `[1, C]`.

# %% tags=["student"] function="first_row"

# %% [markdown]
# `first_two_rows_last_column` gives two numbers, `[2]`. Both indices belong in one bracket, and the last column is the
# last of any matrix.

# %% tags=["student"] function="first_two_rows_last_column"

# %% [markdown]
# `middle_rows` takes the rows with the indices 1 and 2, as a matrix `[2, C]`. There may be more rows below them.

# %% tags=["student"] function="middle_rows"

# %% tags=["check"]
from checker import check

check("exercise1")

# %% [markdown]
# ## Where to read on
#
# [Lesson 2](02-autograd.md) lets tensors remember how they were computed. `matmul` is the heart of `affine` in
# [lesson 5](05-model.md), and index tensors draw the batches of [lesson 7](07-sgd.md). What it takes to have a tensor
# on a GPU is in [lesson 11](11-devices.md).
