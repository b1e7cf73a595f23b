# %% [markdown]
# # Functions that make functions
#
# `grad` takes a function and gives another one: its gradient. `vmap` takes a function of one example and gives one of many.
# They nest in any order, and with them nearly everything in this course is one line long. You know them from JAX;
# `torch.func` has the same ones, with a few differences that cost an afternoon when nobody tells you.

# %% [markdown]
# ## What you will be able to do
#
# - differentiate with `grad`, with several arguments, and with something extra to return;
# - write JAX's `value_and_grad` from torch's `grad_and_value`, and remember which is which;
# - map a function of one example over many with `vmap`, with `in_dims`, nested;
# - have the gradient of every single example, which `.backward()` cannot give;
# - choose between forward and reverse mode for a Jacobian, and multiply by a Hessian without having it;
# - say what `vmap` cannot map, from the error that it gives.

# %% [markdown]
# ## grad
#
# `grad(f)` is a *function*. It takes what `f` takes, and gives the gradient of the scalar that `f` gives, with respect to
# the first argument. Nothing requires grad, nothing is left in `.grad`, and plain tensors come out. All the bookkeeping of
# [lesson 2](02-autograd.md) happens inside and is gone afterwards.
#
# === "torch"
#
#     ```python
#     from torch.func import grad
#
#     dw = grad(distance)(w, x)
#     dw, dx = grad(distance, argnums=(0, 1))(w, x)
#     ```
#
# === "JAX"
#
#     ```python
#     from jax import grad
#
#     dw = grad(distance)(w, x)
#     dw, dx = grad(distance, argnums=(0, 1))(w, x)
#     ```
#
# === "autograd"
#
#     ```python
#     w = w.clone().requires_grad_()
#     distance(w, x).backward()
#     dw = w.grad
#     ```

# %%
import torch
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, vjp, vmap

from xorfunc import data, likelihood, model, random, transforms

torch.set_num_threads(1)


def length(w, x):
    return (x - w).square().sum().sqrt()


w, x = torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0])
print("value   ", length(w, x))
print("in w    ", grad(length)(w, x))
print("in both ", grad(length, argnums=(0, 1))(w, x))

# %% [markdown]
# The gradient of a distance has length 1 and points from `x` to `w`: moving `w` that way makes the distance grow as fast as
# you move.
#
# The first argument may be any tree of tensors: a tuple, a list, or a dict of parameters. The gradient has the same form.
# That is why a dict is enough, and why this course needs no class for parameters:

# %%
data_key, init_key = random.split(random.key(3))
xs, ys = data.continuous_xor(data_key, 100, 0.15)
params = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)


def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[..., 0], y)


grads = grad(loss_fn)(params, xs, ys)
print({name: tuple(leaf.shape) for name, leaf in grads.items()})

# %% [markdown]
# A function may give more than its scalar. With `has_aux=True` it returns a pair, of which the first is differentiated and
# the second is handed through:


# %%
def with_logits(params, x, y):
    s = model.logits(params, x)[..., 0]
    return likelihood.loss_bce(s, y), s


grads, s = grad(with_logits, has_aux=True)(params, xs, ys)
print("logits came along:", tuple(s.shape))

# %% [markdown]
# ### Value and gradient
#
# A training loop wants the loss as well, and computing it a second time would be a waste. Here the libraries part:
#
# | | gives |
# |---|---|
# | `jax.value_and_grad(f)(params)` | `(value, grads)` |
# | `torch.func.grad_and_value(f)(params)` | `(grads, value)` |
#
# The name tells the order, if you read it. Nothing warns you if you don't: unpacked the wrong way round, `loss` is a
# dict, and the error appears somewhere else. The course uses JAX's order, through
# [`xorfunc.transforms.value_and_grad`][xorfunc.transforms.value_and_grad]; in the exercise you write it.

# %%
grads, value = grad_and_value(loss_fn)(params, xs, ys)
value_first, _ = transforms.value_and_grad(loss_fn)(params, xs, ys)
print(value, value_first)

# %% [markdown]
# ## vmap
#
# `length` measures *one* point. To measure many you could loop, or rewrite it so that it sums over the right axis. `vmap`
# does the rewriting: it runs the function once, on tensors that secretly have one more axis, and every operation inside
# takes care of that axis.

# %%
points = torch.tensor([[3.0, 4.0], [0.0, 1.0], [1.0, 1.0]])
print(vmap(length, in_dims=(None, 0))(w, points))

# %% [markdown]
# `in_dims` says for each argument which axis is mapped over, `None` for an argument that all share. Left out, it is 0 for
# all. `out_dims` says where the new axis goes in the result. JAX calls them `in_axes` and `out_axes`.
#
# Maps nest. All distances between two sets of points are a map inside a map; read it from the outside: for each of `a`,
# for each of `b`.

# %%
a, b = random.normal(random.key(0), (4, 2)), random.normal(random.key(1), (3, 2))
table = vmap(vmap(length, in_dims=(None, 0)), in_dims=(0, None))(a, b)
print(tuple(table.shape), torch.allclose(table, torch.cdist(a, b), atol=1e-6))

# %% [markdown]
# ### The gradient of every example
#
# `loss.backward()` gives the gradient of a mean, all examples mixed together. Who wants each one's own (to see which
# examples pull hardest, to clip them for privacy, to measure the noise of batches in [lesson 7](07-sgd.md)) maps the
# gradient of *one* example:


# %%
def one(params, x, y):
    return loss_fn(params, x[None], y[None])


each = vmap(grad(one), in_dims=(None, 0, 0))(params, xs, ys)
print({name: tuple(leaf.shape) for name, leaf in each.items()})
print(
    "their mean is the batch's gradient:",
    torch.allclose(each["linear_h.bias"].mean(0), grads["linear_h.bias"], atol=1e-6),
)

# %% [markdown]
# Without `vmap` this is a loop over examples, a backward pass for each. Both give the same numbers.
#
# ### What vmap cannot map
#
# The function runs *once*, for all examples together. So whatever would have to differ from example to example in anything
# but numbers does not work:


# %% tags=["raises-exception"]
def absolute(x):
    return x if x > 0 else -x  # which of the two, for a hundred x at once?


vmap(absolute)(torch.tensor([1.0, -2.0]))

# %%
print(vmap(lambda x: torch.where(x > 0, x, -x))(torch.tensor([1.0, -2.0])))

# %% [markdown]
# | it cannot | because | instead |
# |---|---|---|
# | `if x > 0:` | one run, many answers | `torch.where` |
# | `x.item()`, `int(x)`, `float(x)` | there is no one number | keep the tensor |
# | write into a tensor that is not mapped, `out[0] = x` | one place, many values | return the result |
# | give shapes that depend on values, `x[x > 0]`, `nonzero` | a tensor is a box, not a heap | masks |
# | draw from the global random state, unless told `randomness=` | all the same draw, or each its own? | a key for each |
# | map keyword arguments | `in_dims` speaks of positions only | wrap it: `lambda x, y: f(x, y=y)` |
#
# A key is just a tensor of two integers, so it maps like anything else: a thousand independent draws are one call.

# %%
keys = random.split(random.key(7), 1000)
draws = vmap(lambda key: random.normal(key, (2,)))(keys)
print(tuple(draws.shape), draws.std(0))

# %% [markdown]
# ## Jacobians, two ways
#
# For a function from $D$ numbers to $M$ there are $M \times D$ partial derivatives:
#
# $$ J_{md} = \frac{\partial f_m}{\partial x_d} $$
#
# *Reverse mode* computes one row at a time (`vjp`: a vector times the Jacobian), *forward mode* one column
# (`jvp`: the Jacobian times a vector). `jacrev` and `jacfwd` are these, mapped over all rows or all columns. So `jacrev`
# costs about $M$ passes, `jacfwd` about $D$: take the one that has fewer. A loss has $M = 1$, which is why training
# uses reverse mode and never thinks about it.


# %%
def f(x):
    return torch.stack([x[0] * x[1], x[0] + x[1], x[0] ** 2])


at = torch.tensor([2.0, 5.0])
print(jacrev(f)(at))
print(torch.equal(jacrev(f)(at), jacfwd(f)(at)))

# %%
value, along = jvp(f, (at,), (torch.tensor([1.0, 0.0]),))  # the first column
_, pull = vjp(f, at)
(row,) = pull(torch.tensor([0.0, 0.0, 1.0]))  # the last row
print("column", along, "row", row)

# %% [markdown]
# ### A Hessian times a vector
#
# Second derivatives are gradients of gradients. For $D$ parameters there are $D^2$ of them: 289 for the network of the
# course, $10^{16}$ for a large one. But how the gradient changes *in one direction* is a single vector,
#
# $$ H v = \frac{d}{dt}\, \nabla f(x + t v) \Big|_{t = 0} , $$
#
# a derivative along $v$ of the function `grad(f)`: forward mode over reverse mode. It never makes $H$, and costs a few
# times what a gradient does.


# %%
def quartic(x):
    return (x**4).sum() + x[0] * x[1]


here, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
print("full Hessian\n", hessian(quartic)(here))
print("times v       ", hessian(quartic)(here) @ v)
print("without it    ", jvp(grad(quartic), (here,), (v,))[1])

# %%
large = torch.ones(100_000)  # its Hessian would take 40 gigabytes
print(transforms.hvp(quartic, large, torch.ones(100_000))[:3])

# %% [markdown]
# An eigenvalue of the Hessian says how long a step may be: [lesson 7](07-sgd.md) uses it.
#
# ## Modules as functions
#
# All of this is for functions of their parameters. A module is turned into one by `functional_call`:

# %%
module = model.LogitPredictor(2, 4, 1)


def module_loss(params, x, y):
    s = functional_call(module, params, (x,), strict=True)
    return likelihood.loss_bce(s[..., 0], y)


print(all(torch.allclose(g, grad(loss_fn)(params, xs, ys)[name], atol=1e-6)
          for name, g in grad(module_loss)(params, xs, ys).items()))  # fmt: skip

# %% [markdown]
# `strict=True`, always: without it a name that is missing in `params` is silently taken from the module, and has no
# gradient. [Lesson 5](05-model.md) shows it happen.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: `grad(f)` is not the gradient"
#     `grad(f)` is a function, and `grad(f) * 0.1` raises `TypeError: unsupported operand type(s) for *: 'function' and
#     'float'`. Call it: `grad(f)(w, x)`.
#
# !!! warning "Pitfall: the function gives a vector"
#     `RuntimeError: grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got tensor with 1 dims.` Sum or
#     average first, or ask for a Jacobian.
#
# !!! warning "Pitfall: everything is mapped"
#     `vmap(length)(w, points)` takes `w` apart as well: `ValueError: vmap: Expected all tensors to have the same size in the
#     mapped dimension, got sizes [2, 3] for the mapped dimension`. Worse, if the sizes happen to agree there is no error.
#     Say `in_dims=(None, 0)`.
#
# !!! warning "Pitfall: the value of a wrong moment"
#     `value.item()` inside a function that is mapped or differentiated raises, and outside it cuts the graph. Keep tensors
#     until you print.
#
# !!! warning "Pitfall: results that leak out"
#     A tensor that a mapped or differentiated function stores elsewhere (`log.append(h)`) is of the transform's inner world.
#     Used later, it fails with messages about levels that nobody understands. Return it, with `has_aux=True`.

# %% [markdown]
# ## Quizzes
#
# ??? question "f takes `[3]` and gives `[5]`. Which of `jacrev` and `jacfwd` is cheaper, and what is the shape?"
#     `jacfwd`: three passes instead of five. The shape is `[5, 3]` either way.
#
# ??? question "What does `vmap(grad(f))` compute, and what `grad(lambda xs: vmap(f)(xs).sum())`?"
#     The same numbers. The first differentiates each example's own scalar, the second the sum of all of them, and the
#     gradient of a sum with respect to one example sees only that example's term.
#
# ??? question "Why does torch give `(grads, value)` and not JAX's order?"
#     Its name is `grad_and_value`, so the order is that of the name, as in JAX. The lesson is to read the name.
#
# ??? question "You need all eigenvalues of the Hessian of the 2-4-1 network. Hessian or products?"
#     The Hessian: $17 \times 17$ is nothing, and all eigenvalues need all of it. Products are for when $D^2$ does not fit,
#     or when a few directions are enough.

# %% [markdown]
# ## Exercise
#
# Six functions. `distance` is given.

# %% [markdown]
# `distance_gradient` is one call of `grad`, and one more pair of parentheses.

# %% tags=["student"] function="distance_gradient"

# %% [markdown]
# `value_and_grad` takes a function and gives a function: value first, whatever else `f` takes is handed on.

# %% tags=["student"] function="value_and_grad"

# %% [markdown]
# `batched_distance` measures many points from one.

# %% tags=["student"] function="batched_distance"

# %% [markdown]
# `per_example_gradients` gives a dict whose leaves have the examples first.

# %% tags=["student"] function="per_example_gradients"

# %% [markdown]
# `jacobian` gives all partial derivatives, `[M, D]`.

# %% tags=["student"] function="jacobian"

# %% [markdown]
# `hvp` must not make the Hessian: it is asked with vectors for which there would be no room.

# %% tags=["student"] function="hvp"

# %% tags=["check"]
from checker import check

check("exercise3")

# %% [markdown]
# ## Where to read on
#
# `value_and_grad` is the heart of the loops in [lesson 7](07-sgd.md) and [lesson 8](08-training.md), `vmap` that of
# [lesson 12](12-ensembles.md), and keys are the subject of [lesson 4](04-data.md). The library's own forms are in
# [`xorfunc.transforms`][xorfunc.transforms].
