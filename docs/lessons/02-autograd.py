# %% [markdown]
# # The graph behind a number
#
# PyTorch can note every operation while it runs, and walk these notes backwards to the gradient. This lesson takes one
# small function apart, does the walk by hand, and then shows where `.backward()` bites those who come from JAX.

# %% [markdown]
# ## What you will be able to do
#
# - take a function apart into steps, and multiply their derivatives to a gradient;
# - read a computation graph, with values from left to right and gradients back;
# - say which tensors are leaves, which require grad, and where a gradient ends up;
# - predict what a second `.backward()` leaves in `.grad`, and why it raises at times;
# - leave the graph on purpose, with `detach` and `no_grad`, and not by accident;
# - say what forward and reverse mode cost, and why training takes the reverse.

# %% [markdown]
# ## One function, four steps
#
# How far is a point $x$ from a point $w$?
#
# $$ z = f(x; w) = \sqrt{\textstyle\sum_i (x_i - w_i)^2} $$
#
# The semicolon divides what is given, the data $x$, from what may be changed, the parameter $w$. In which direction
# should $w$ move for $z$ to grow? Give each step of the computation a name:
#
# $$ a = x - w, \qquad b_i = a_i^2, \qquad c = \textstyle\sum_i b_i, \qquad z = \sqrt c $$
#
# Every step is so simple that its derivative is known from school. These are the *local* derivatives, and each of them
# needs only the numbers at its own place:
#
# $$ \frac{\partial a_i}{\partial w_i} = -1, \qquad \frac{\partial b_i}{\partial a_i} = 2 a_i, \qquad
# \frac{\partial c}{\partial b_i} = 1, \qquad \frac{dz}{dc} = \frac{1}{2 \sqrt c} $$
#
# The **chain rule** says that along a chain they are multiplied:
#
# $$ \frac{\partial z}{\partial w_i}
# = \frac{dz}{dc} \cdot \frac{\partial c}{\partial b_i} \cdot \frac{\partial b_i}{\partial a_i}
# \cdot \frac{\partial a_i}{\partial w_i}
# = \frac{1}{2 \sqrt c} \cdot 1 \cdot 2 a_i \cdot (-1) = \frac{w_i - x_i}{z} $$
#
# With $w = (-1, 1)$ and $x = (1.5, 2.5)$, in numbers:

# %%
import torch
from torch.func import grad, jvp
from torch.utils.flop_counter import FlopCounterMode

from xorfunc import data, graph, likelihood, model, optim, plot, random, transforms

torch.set_num_threads(1)

# %%
w, x = torch.tensor([-1.0, 1.0]), torch.tensor([1.5, 2.5])
a = x - w
b = a.square()
c = b.sum()
z = c.sqrt()
print("a", a, " b", b, " c", c, " z", z)
print("dz/dc", 1 / (2 * z), " db/da", 2 * a)
print("dz/dw", 1 / (2 * z) * 1 * 2 * a * -1)

# %% [markdown]
# The gradient points from $x$ to $w$ and has length 1: $w$ moves straight away, and the distance grows as fast as $w$
# moves.
#
# A gradient that you worked out yourself wants a check that knows nothing of the chain rule. Move one entry of $w$ a
# little to both sides, and look how $z$ changes. In float64, because two nearly equal numbers are subtracted:


# %%
def distance(w, x):
    return (x - w).square().sum().sqrt()


step, w64, x64 = 1e-6, w.double(), x.double()
for direction in torch.eye(2, dtype=torch.float64):
    up, down = distance(w64 + step * direction, x64), distance(w64 - step * direction, x64)
    print(f"{(up - down) / (2 * step):.4f}")

# %% [markdown]
# ## The graph, drawn
#
# The steps and what each was computed from are a graph. [`xorfunc.graph.trace`][xorfunc.graph.trace] runs a function
# once and records it, with the value of every node and the gradient of the result in it:

# %%
traced = graph.trace(distance, w, x)
print(traced)

# %% alt="The graph of the distance: w and x, in square boxes, lead to sub, then pow, sum and sqrt; each box shows its value and, behind a nabla, its gradient: 1 at sqrt, 0.171 at sum and pow, then plus and minus (0.857, 0.514) at x and w."
plot.computation_graph(traced)

# %% [markdown]
# Read the values from left to right, and the gradients, behind $\nabla$, from right to left. At the end stands $dz/dz =
# 1$. Every step to the left multiplies by one local derivative. `sub` passes its gradient on to `x` as it is, and to
# `w` with the sign turned.

# %%
for name in ("sqrt", "sum_1", "pow_1", "sub"):
    print(f"{name:6}", traced[name].local)

# %% [markdown]
# ### Where two paths meet
#
# A value that is used twice reaches the result on two paths. Along a path local derivatives are multiplied; *between*
# paths the products are added up. In $f(v) = e^v \sin v$ one path goes through the exponential, the other one through
# the sine:
#
# $$ \frac{df}{dv} = \underbrace{\sin v \cdot e^v}_{\text{through } e^v}
# + \underbrace{e^v \cdot \cos v}_{\text{through } \sin v} $$

# %%
v = torch.tensor(0.5)
two_paths = graph.trace(lambda v: v.exp() * v.sin(), v)
print(two_paths)
by_exp, by_sin = v.sin() * v.exp(), v.exp() * v.cos()
print("through exp", by_exp, " through sin", by_sin, " together", by_exp + by_sin)

# %% alt="The graph of exp v times sin v: arrows lead from the input v to exp and to sin, and from both to mul; the gradient is 0.479 at exp, 1.65 at sin, and 2.24 at v."
plot.computation_graph(two_paths)

# %% [markdown]
# That is all of it. A weight of the network that all samples share has as many paths as there are samples, and its
# gradient is the sum over them.
#
# ## What autograd notes
#
# PyTorch does the same while your code runs. A tensor that **requires grad** is watched: whatever is computed from it
# carries a note, its `grad_fn`, that knows which operation it came from and where that one's inputs are.

# %%
w = torch.tensor([-1.0, 1.0], requires_grad=True)
z = distance(w, x)
print(z)
note = z.grad_fn
while note is not None:
    print("  ", type(note).__name__)
    note = next((before for before, _ in note.next_functions if before is not None), None)

# %% [markdown]
# A **leaf** is a tensor that no noted operation gave: you made it. Leaves that require grad are where the walk
# ends, and `AccumulateGrad` is the place where it puts down what it carries.

# %%
for name, t in {"w": w, "x": x, "x - w": x - w, "z": z}.items():
    print(f"{name:6} leaf {t.is_leaf!s:6} requires grad {t.requires_grad}")

# %% [markdown]
# Data do not require grad: nobody wants to change them. One operand that does is enough for the result to do so too.
#
# ### Drawn anew every time
#
# The notes are of what *ran*, not of the code. So any Python may stand in between: an `if` on a value, a loop whose
# length nobody knows beforehand. The next call makes another graph. This is called a *dynamic* graph.


# %%
def doubled_until_large(v):
    while v < 100:
        v = 2 * v
    return v


for start in (1.0, 3.0, 60.0):
    v = torch.tensor(start, requires_grad=True)
    doubled_until_large(v).backward()
    print(start, "has the gradient", v.grad.item())

# %% [markdown]
# JAX refuses this function under `jit`, which runs it once for all values to come. `vmap` refuses it, and so does
# `trace` above, for the same reason. For a plain gradient neither library minds.
#
# ## backward
#
# `z.backward()` starts with a 1 at `z`, walks the notes, and adds what arrives to the `.grad` of each leaf. It gives
# nothing back.
#
# === "torch"
#
#     ```python
#     w = torch.tensor([-1.0, 1.0], requires_grad=True)
#     z = distance(w, x)
#     z.backward()
#     w.grad
#     ```
#
# === "torch.func"
#
#     ```python
#     torch.func.grad(distance)(w, x)
#     ```
#
# === "JAX"
#
#     ```python
#     jax.grad(distance)(w, x)
#     ```

# %%
z = distance(w, x)
print("returned", z.backward(), " w.grad", w.grad, " x.grad", x.grad)

# %% [markdown]
# ### It adds up
#
# `backward` *adds* to `.grad`. There is one gradient in `w.grad` already; two more calls make it two, then three:

# %%
for times in (2, 3):
    distance(w, x).backward()
    print(times, "times:", w.grad)
w.grad = None
distance(w, x).backward()
print("cleared first:", w.grad)

# %% [markdown]
# This is on purpose: a batch that is too large for the memory can be taken in parts, whose gradients add up to that of
# the whole. But it makes a gradient depend on what ran before. Hence the `optimizer.zero_grad()` in every training loop
# with modules, and hence the preference of this course: `grad(f)` is a function without a past.
#
# ### The notes are used up
#
# Local derivatives need values from the way forward: $2a$ needs $a$. They are kept until `backward` has used them, and
# freed then. A second walk along the same notes finds nothing:

# %% tags=["raises-exception"]
z = distance(w, x)
z.backward()
z.backward()

# %% [markdown]
# Compute `z` again. The message suggests `retain_graph=True`, which keeps the values, and the memory, for one walk
# more; when you meet it unexpectedly, some tensor of an earlier step is usually still hanging on to your loss.
#
# For the same reason a value that was noted must not be overwritten. The derivative of $e^w$ is $e^w$, so `exp` keeps
# its own result:

# %% tags=["raises-exception"]
y = w.exp()
y.add_(1)
y.sum().backward()

# %% [markdown]
# `y = y + 1` makes a new tensor, and all is well. That is what [lesson 1](01-tensors.md) meant by "nothing in place".
#
# ## Leaving the graph
#
# Sometimes a number shall be a number: to print it, to plot it, to move a parameter by its gradient. There are two ways
# out, and they differ in what they act on.
#
# === "one tensor"
#
#     ```python
#     y.detach()               # the same memory, no notes
#     ```
#
# === "a stretch of code"
#
#     ```python
#     with torch.no_grad():    # nothing in here is noted
#         w -= 0.1 * w.grad
#     ```
#
# === "JAX"
#
#     ```python
#     jax.lax.stop_gradient(y)
#     ```
#
# What was detached counts as a constant. Take $w \cdot w$, and hold one of the factors fast:

# %%
w = torch.tensor([-1.0, 1.0], requires_grad=True)
(w * w).sum().backward()
print("both factors    ", w.grad)
w.grad = None
(w * w.detach()).sum().backward()
print("one held as it is", w.grad)

# %% [markdown]
# `grad` from `torch.func` is different in kind: there is no flag to set. It watches its argument inside the call and
# nowhere else, so plain tensors go in and plain tensors come out:

# %%
w = torch.tensor([-1.0, 1.0])
dw = grad(distance)(w, x)
print(dw, " requires grad:", dw.requires_grad, " w.grad:", w.grad)

# %% [markdown]
# A whole training takes no more than this. Here is the network of [lesson 5](05-model.md) on continuous XOR, one step
# downhill, in both styles:


# %%
data_key, init_key = random.split(random.key(2))
xs, ys = data.continuous_xor(data_key, 200, 0.15)
params = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)


def loss_fn(params):
    return likelihood.loss_bce(model.logits(params, xs)[..., 0], ys)


loss, grads = transforms.value_and_grad(loss_fn)(params)
print("before", loss, " after", loss_fn(optim.sgd_update(params, grads, lr=0.1)))

# %%
leaves = {name: leaf.clone().requires_grad_() for name, leaf in params.items()}
loss_fn(leaves).backward()
with torch.no_grad():
    for leaf in leaves.values():
        leaf -= 0.1 * leaf.grad
    print("after ", loss_fn(leaves))

# %% [markdown]
# ## Forward and reverse
#
# The product of local derivatives can be worked out from either end.
#
# *Forward mode* starts at an input. It fixes a direction $t$ in which the input moves, and carries along with each
# value how fast that value changes. Nothing needs to be kept, and at the end stands the derivative of *all* outputs
# along *one* direction. *Reverse mode* starts at the result. At the end stands the derivative of *one* output in *all*
# inputs. It needs the values of the way forward, so it keeps them.

# %%
for direction in torch.eye(2):
    value, along = jvp(lambda w: distance(w, x), (w,), (direction,))
    print("forward along", direction.tolist(), "gives", along)
print("reverse gives", grad(distance)(w, x))

# %% [markdown]
# Two inputs took two runs forward and one back. Now take $D$ inputs that go through three layers, and count the
# arithmetic of the matrix products. `pushed` is forward mode by hand: value and change side by side.


# %%
def three_layers(w, x):
    for _ in range(3):
        x = torch.tanh(x @ w)
    return x.square().sum()


def pushed(w, x, t):
    for _ in range(3):
        x = torch.tanh(x @ w)
        t = (1 - x.square()) * (t @ w)
    return (2 * x * t).sum()


# %%
def backwards(w, x):
    x = x.clone().requires_grad_()
    three_layers(w, x).backward()
    return x.grad[0]


def forwards(w, x):
    return torch.stack([pushed(w, x, t[None]) for t in torch.eye(x.shape[1])])


def operations(f, w, x):
    with FlopCounterMode(display=False) as counter:
        f(w, x)
    return counter.get_total_flops()


# %%
for d in (4, 16, 64):
    w_d, x_d = random.normal(random.key(3), (d, d)) / d**0.5, torch.ones(1, d)
    value = operations(three_layers, w_d, x_d)
    back, forth = operations(backwards, w_d, x_d) / value, operations(forwards, w_d, x_d) / value
    same = torch.allclose(backwards(w_d, x_d), forwards(w_d, x_d), atol=1e-5)
    print(f"D = {d:2}: value 1, reverse {back:.0f}, forward {forth:.0f}, same gradient: {same}")

# %% [markdown]
# The reverse costs about two values, whatever $D$ is (three, when gradients of the weights are wanted too). Forward
# costs two for each input. With a million parameters and one loss the choice is made.
#
# | | forward | reverse |
# |---|---|---|
# | one pass gives | all outputs, one direction | one output, all inputs |
# | a gradient of $D$ inputs takes | $D$ passes | 1 pass |
# | memory | as for the value | all intermediate values |
# | in `torch.func` and JAX | `jvp`, `jacfwd` | `vjp`, `grad`, `jacrev` |
#
# The memory is the price of training: keeping nothing, a network can be run that could not be trained. For few inputs
# and many outputs, or for one direction only, forward mode is the better one. [Lesson 3](03-transforms.md) uses both.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: backward from more than a number"
#     `(x - w).backward()` raises `RuntimeError: grad can be implicitly created only for scalar outputs`. The 1 to start
#     with is only clear for a scalar. Sum or average first.
#
# !!! warning "Pitfall: nothing was watched"
#     `RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn`. No leaf requires grad, or
#     the way back was cut, by `detach`, `no_grad`, `.item()` or a new `torch.tensor(...)` of old values.
#
# !!! warning "Pitfall: cut in silence"
#     A cut of *one* path of several raises nothing. The gradient lacks that part, as with `w * w.detach()` above. Keep
#     to tensor operations: `math.sqrt(c)` gives a Python number and no derivative.
#
# !!! warning "Pitfall: an operation on a leaf is no leaf"
#     `w = torch.tensor([-1.0, 1.0], requires_grad=True) * 0.1` has a `grad_fn`, and `w.grad` stays `None` with a
#     warning that `The .grad attribute of a Tensor that is not a leaf Tensor is being accessed`. Set the flag last:
#     `.requires_grad_()`.
#
# !!! warning "Pitfall: changing a leaf while it is watched"
#     `w -= 0.1 * w.grad` raises `RuntimeError: a leaf Variable that requires grad is being used in an in-place
#     operation.` Do it under `torch.no_grad()`, or make a new tensor.
#
# !!! warning "Pitfall: `detach` without `clone`"
#     `d = w.detach()` has the memory of `w`, and `d += 1` changes `w` too. Nothing is raised. For a leaf of your own
#     write `w.detach().clone().requires_grad_()`.
#
# !!! warning "Pitfall: ints"
#     `torch.tensor([-1, 1], requires_grad=True)` raises `RuntimeError: Only Tensors of floating point and complex dtype
#     can require gradients`. Write `-1.0`.
#
# !!! warning "Pitfall: losses kept with their graphs"
#     `losses.append(loss)` keeps the notes of every step, and the memory grows. Append `loss.detach()`.
#
# !!! warning "Pitfall: a root at zero"
#     For $w = x$ the distance has a kink, and its gradient is `nan`: $\frac{1}{2\sqrt 0} \cdot 0$ is infinity times
#     zero. No error is raised, and one `nan` in the parameters spreads to all of them with the next step.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: Let $f(w_1, w_2) = w_1^2\, w_2 + \sin(w_1 w_2)$. What are $\partial f / \partial w_1$ and $\partial f / \partial w_2$?"
#     $2 w_1 w_2 + w_2 \cos(w_1 w_2)$ and $w_1^2 + w_1 \cos(w_1 w_2)$. For a partial derivative the other variable is a
#     constant.
#
# ??? question "Quiz: Let $z = \sqrt{\sum_i (x_i - w_i)^2}$ as above. What is $\partial z / \partial x_i$, and why need you not compute it?"
#     $(x_i - w_i) / z$, the one in $w_i$ with the sign turned. Both meet in $a = x - w$, with local derivatives $1$ and
#     $-1$; moving both points alike changes nothing, so the two must add up to zero.
#
# ??? question "Quiz: Let $p = \sigma(s) = 1 / (1 + e^{-s})$ and $\ell = -\ln p$. What is $d\ell / ds$?"
#     $d\ell / dp = -1/p$ and $dp / ds = p\,(1 - p)$. The product is $-(1 - p) = p - 1$: how much is missing to
#     certainty. [Lesson 6](06-likelihood.md) meets it again.
#
# ??? question "Quiz: `w.grad` is `None`. You call `distance(w, x).backward()`, then `(3 * distance(w, x)).backward()`. What is in `w.grad`?"
#     Four times the gradient of the distance: $1 + 3$, since `backward` adds.

# %% [markdown]
# ## Exercise
#
# Six functions around the distance. With the first two you make data and a parameter; the others give the same gradient
# twice, by hand and by `.backward()`.

# %% [markdown]
# `make_input` makes the data point (1.5, 2.5), a vector of float32. Nobody wants a gradient of data.

# %% tags=["student"] function="make_input"

# %% [markdown]
# `make_parameter` makes the parameter (-1, 1), float32 as well. It is a leaf, and it is watched.

# %% tags=["student"] function="make_parameter"

# %% [markdown]
# `distance` gives the scalar $f(x; w)$ from tensor operations only, so that a gradient can flow to both arguments. It
# must be accurate where the points are close: subtract first.

# %% tags=["student"] function="distance"

# %% [markdown]
# `local_derivatives` gives the four factors of the chain, `da_dw`, `db_da`, `dc_db` and `dz_dc`, in a dict. `dc_db` has
# an entry for each term of the sum.

# %% tags=["student"] function="local_derivatives"

# %% [markdown]
# `chain_rule` multiplies them to the gradient in `w`, `[D]`. Automatic differentiation is switched off while it is
# checked.

# %% tags=["student"] function="chain_rule"

# %% [markdown]
# `backward_gradient` uses `.backward()`, and leaves no trace on the tensors of its caller: no flag, and nothing in
# `.grad`. Work on a leaf of your own.

# %% tags=["student"] function="backward_gradient"

# %% tags=["check"]
from checker import check

check("exercise2")

# %% [markdown]
# ## Where to read on
#
# [Lesson 3](03-transforms.md) leaves `.backward()` behind: there the `distance` is differentiated by `grad`, and mapped
# over many points. `value_and_grad`, as used above, moves the parameters in [lesson 7](07-sgd.md). The graph's form as
# data is in [`xorfunc.graph`][xorfunc.graph].
