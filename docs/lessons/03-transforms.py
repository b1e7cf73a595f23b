# %% [markdown]
# # Functions that make functions
#
# `grad` takes a function and gives its gradient, `vmap` takes a function of one example and gives one of many, and they
# nest in any order. You know them from JAX; `torch.func` has the same ones, with a few differences that cost an
# afternoon when nobody tells you.

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
# `grad(f)` is a *function*. It takes what `f` takes, and gives the gradient of the scalar that `f` gives, with respect
# to the first argument. Nothing requires grad, nothing is left in `.grad`, and plain tensors come out. All the
# bookkeeping of [lesson 2](02-autograd.md) happens inside and is gone afterwards.
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
from torch.utils.flop_counter import FlopCounterMode

from xorfunc import data, evaluate, likelihood, model, optim, plot, random, train, transforms

torch.set_num_threads(1)


# %%
def length(w, x):
    return (x - w).square().sum().sqrt()


w, x = torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0])
print("value   ", length(w, x))
print("in w    ", grad(length)(w, x))
print("in both ", grad(length, argnums=(0, 1))(w, x))

# %% [markdown]
# The gradient of a distance has length 1 and points from `x` to `w`: moving `w` that way makes the distance grow as
# fast as you move.
#
# `argnums` counts from 0, as in JAX. A tuple of numbers gives a tuple of gradients, also when it has one entry only.
# What it counts are positions, so the argument to be differentiated cannot be handed over by name.
#
# The first argument may be any tree of tensors: a tuple, a list, or a dict of parameters. The gradient has the same
# form. That is why a dict is enough, and why this course needs no class for parameters:

# %%
data_key, init_key = random.split(random.key(3))
xs, ys = data.continuous_xor(data_key, 100, 0.15)
params = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)


def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[..., 0], y)


grads = grad(loss_fn)(params, xs, ys)
print({name: tuple(leaf.shape) for name, leaf in grads.items()})

# %% [markdown]
# A function may give more than its scalar. With `has_aux=True` it returns a pair, of which the first is differentiated
# and the second is handed through. Without the flag the pair is refused.


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
print("torch's order: a", type(grads).__name__, "then", value)
value, grads = transforms.value_and_grad(loss_fn)(params, xs, ys)
print("JAX's order:  ", value, "then a", type(grads).__name__)

# %% [markdown]
# ## vmap
#
# `length` measures *one* point. To measure many you could loop, or rewrite it so that it sums over the right axis.
# `vmap` does the rewriting: it runs the function once, on tensors that secretly have one more axis, and every operation
# inside takes care of that axis.

# %%
points = torch.tensor([[3.0, 4.0], [0.0, 1.0], [1.0, 1.0]])
print(vmap(length, in_dims=(None, 0))(w, points))

# %% [markdown]
# `in_dims` says for each argument which axis is mapped over, `None` for an argument that all share. Left out, it is 0
# for all. `out_dims` says where the new axis goes in the result.
#
# === "torch"
#
#     ```python
#     vmap(length, in_dims=(None, 0))(w, points)               # points are [N, D]
#     vmap(length, in_dims=(None, 1))(w, points.T)             # points are the columns
#     vmap(grad(length), (None, 0), out_dims=1)(w, points)     # [D, N]: the new axis is the second
#     ```
#
# === "JAX"
#
#     ```python
#     jax.vmap(length, in_axes=(None, 0))(w, points)
#     jax.vmap(length, in_axes=(None, 1))(w, points.T)
#     jax.vmap(jax.grad(length), (None, 0), out_axes=1)(w, points)
#     ```
#
# A tree as an argument is mapped leaf by leaf: 0 for a dict means the first axis of every tensor in it.
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
# `loss.backward()` gives the gradient of a mean, all examples mixed together. Sometimes each one's own is wanted: to
# measure the noise of batches ([lesson 7](07-sgd.md)), to clip them for privacy, to see which examples pull hardest.
# Then map the gradient of *one* example, with the parameters shared:


# %%
def one(params, x, y):
    return loss_fn(params, x[None], y[None])


each = vmap(grad(one), in_dims=(None, 0, 0))(params, xs, ys)
print({name: tuple(leaf.shape) for name, leaf in each.items()})
mean = {name: leaf.mean(0) for name, leaf in each.items()}
close = [torch.allclose(mean[name], grads[name], atol=1e-6) for name in grads]
print("their mean is the batch's gradient:", close)

# %% [markdown]
# `x[None]` makes a batch of one, for a loss that wants a batch. The other way is a loop over examples with a backward
# pass for each: the same numbers, and with every example the whole cost of a call from Python again.
#
# Which examples pull hardest? Here the classes overlap more, and the network has been trained
# ([lesson 8](08-training.md)). The length of an example's gradient, over all 17 parameters together, is a sum over
# leaves:

# %%
data_key, fit_key = random.split(random.key(4))
noisy_xs, noisy_ys = data.continuous_xor(data_key, 400, 0.25)
trained, _ = train.fit(fit_key, loss_fn, params, noisy_xs, noisy_ys, optimizer=optim.adam(0.05), num_epochs=60)
each = vmap(grad(one), in_dims=(None, 0, 0))(trained, noisy_xs, noisy_ys)
pull = sum(leaf.square().flatten(1).sum(1) for leaf in each.values()).sqrt()
hardest = pull.argsort(descending=True)[:40]
wrong = evaluate.predict(model.logits(trained, noisy_xs)[..., 0]) != noisy_ys
print(f"median {pull.median():.2f}, largest {pull.max():.2f}")
print(f"the 40 hardest of 400 have {pull[hardest].sum() / pull.sum():.0%} of the length of all together")
print("decided wrongly:", wrong.sum().item(), " of these among the 40:", wrong[hardest].sum().item())

# %% alt="What the network decides, two curved lines between the classes, with only the 40 examples of the longest gradients: they lie along both lines, many of them on the wrong side; the middles of the four clouds are empty."
probability = evaluate.probability_grid(lambda p, x: model.logits(p, x)[..., 0], trained, -0.8, 1.8, 100)
plot.decision_boundary(probability, noisy_xs[hardest], noisy_ys[hardest], low=-0.8, high=1.8)

# %% [markdown]
# The picture shows these 40 alone. A tenth of the examples does two thirds of the pulling: those that the network
# gets wrong, all of them, and those near the line. The hundreds in the middle of their cloud hardly pull at all.
#
# ### What vmap cannot map
#
# The function runs *once*, for all examples together. So whatever would have to differ from example to example in
# anything but numbers does not work:


# %% tags=["raises-exception"]
def absolute(x):
    return x if x > 0 else -x  # which of the two, for a hundred x at once?


vmap(absolute)(torch.tensor([1.0, -2.0]))

# %%
print(vmap(lambda x: torch.where(x > 0, x, -x))(torch.tensor([1.0, -2.0])))

# %% [markdown]
# | it cannot | because | instead |
# |---|---|---|
# | `if x > 0:`, `while x > 0:` | one run, many answers | `torch.where` |
# | `x.item()`, `int(x)`, `float(x)` | there is no one number | keep the tensor |
# | write into a tensor that is not mapped, `out[0] = x` | one place, many values | `torch.stack`, or `x.new_zeros` |
# | give shapes that depend on values, `x[x > 0]`, `nonzero` | a tensor is a box, not a heap | `torch.where` |
# | draw from the global random state, unless told `randomness=` | all the same draw, or each its own? | a key for each |
# | map keyword arguments | `in_dims` speaks of positions only | wrap it: `lambda x, y: f(x, y=y)` |
#
# Here is how most of them say so:


# %%
def written(x):
    out = torch.zeros(2)  # one for all examples
    out[0] = x
    return out


three = torch.arange(3.0)
for f in (lambda x: x * x.item(), written, lambda x: x[x > 0], lambda x: x + torch.randn(())):
    try:
        vmap(f)(three)
    except RuntimeError as error:
        print(str(error)[:95], "...")

# %% [markdown]
# With `x.new_zeros(2)` in place of `torch.zeros(2)` the second one works: made from a mapped tensor, there is an `out`
# for each example.
#
# The last row of the table is the treacherous one, because nothing is raised. torch hands keyword arguments on whole,
# to every example; JAX maps them over their first axis.


# %%
def product(x, y):
    return x * y


print(vmap(product)(three, three))
print(vmap(product)(three, y=three))  # JAX: [0, 1, 4] again

# %% [markdown]
# For randomness the keys are the answer. A key is just a tensor of two integers, so it maps like anything else: a
# thousand independent draws are one call.

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
# *Reverse mode* computes one row at a time (`vjp`: a vector times the Jacobian), *forward mode* one column (`jvp`: the
# Jacobian times a vector). `jacrev` and `jacfwd` are these, mapped over all rows or all columns. So `jacrev` costs
# about $M$ passes, `jacfwd` about $D$: take the one that has fewer. A loss has $M = 1$, which is why training uses
# reverse mode and never thinks about it.
#
# === "torch"
#
#     ```python
#     jacrev(f)(x)                     # [M, D], by rows
#     jacfwd(f)(x)                     # [M, D], by columns
#     value, column = jvp(f, (x,), (t,))
#     value, pull_back = vjp(f, x)
#     (row,) = pull_back(u)
#     ```
#
# === "JAX"
#
#     ```python
#     jax.jacrev(f)(x)
#     jax.jacfwd(f)(x)
#     value, column = jax.jvp(f, (x,), (t,))
#     value, pull_back = jax.vjp(f, x)
#     (row,) = pull_back(u)
#     ```


# %%
def f(x):
    return torch.stack([x[0] * x[1], x[0] + x[1], x[0] ** 2])


at = torch.tensor([2.0, 5.0])
print(jacrev(f)(at))
print(torch.equal(jacrev(f)(at), jacfwd(f)(at)))

# %%
value, along = jvp(f, (at,), (torch.tensor([1.0, 0.0]),))  # the first column
_, pull_back = vjp(f, at)
(row,) = pull_back(torch.tensor([0.0, 0.0, 1.0]))  # the last row
print("column", along, "row", row)

# %% [markdown]
# ### A Hessian times a vector
#
# The **Hessian** holds the second derivatives, the gradients of the gradient: `hessian(f)` is `jacfwd(jacrev(f))`. For
# $D$ parameters there are $D^2$ of them: 289 for the network of the course, $10^{16}$ for one of a hundred million. But
# how the gradient changes *in one direction* is a single vector,
#
# $$ H v = \frac{d}{dt}\, \nabla f(x + t v) \Big|_{t = 0} , $$
#
# a derivative along $v$ of the function `grad(f)`. That is forward mode over reverse mode: `jvp` of `grad`. It never
# makes $H$.


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
# What does each cost? All of it takes dicts as well, so the network's own loss can be asked, for 4, 16 and 64 hidden
# units. The counter adds up the arithmetic of the matrix products:


# %%
def operations(f, *args):
    with FlopCounterMode(display=False) as counter:
        f(*args)
    return counter.get_total_flops()


def forward_over_reverse(f, x, v):
    return jvp(grad(f), (x,), (v,))[1]


def reverse_over_reverse(f, x, v):
    return vjp(grad(f), x)[1](v)[0]


# %%
def whole(params):
    return loss_fn(params, xs, ys)


print("   D  gradients for H v  for the whole H")
for num_hidden in (4, 16, 64):
    p = model.init_params(init_key, num_inputs=2, num_hidden=num_hidden, num_outputs=1)
    one_gradient = operations(grad(whole), p)
    ways = [operations(way, whole, p, p) for way in (forward_over_reverse, reverse_over_reverse)]
    both = " or ".join(f"{count / one_gradient:.1f}" for count in ways)
    print(f"{model.count_parameters(p):4}  {both:>17}  {operations(hessian(whole), p) / one_gradient:15.0f}")

# %% [markdown]
# A product costs two or three gradients, however many parameters there are. The whole Hessian costs about $1.5\, D$
# gradients, and its memory grows with $D^2$. So with a product for each of a few directions you are better off than
# with the matrix; only when you need nearly all $D$ directions, and $D^2$ numbers have room, is `hessian` the right
# one.
#
# !!! note
#     Reverse over reverse computes the same product, since $H$ is symmetric. Forward over reverse need not keep the
#     values on the way through the gradient. Here the reverse does a little less arithmetic, and
#     [`xorfunc.transforms.hvp`][xorfunc.transforms.hvp] takes it.
#
# [Lesson 7](07-sgd.md) uses the eigenvalues of a Hessian: they say how long a step may be.
#
# ## Modules as functions
#
# All of this is for functions of their parameters, and an `nn.Module` keeps its own inside. `functional_call` runs it
# with a dict of yours instead, and leaves the module as it was:
#
# === "functional"
#
#     ```python
#     s = functional_call(module, params, (x,), strict=True)
#     ```
#
# === "nn.Module"
#
#     ```python
#     s = module(x)
#     ```
#
# === "JAX (flax)"
#
#     ```python
#     s = module.apply({"params": params}, x)
#     ```

# %%
module = model.LogitPredictor(2, 4, 1)


def module_loss(params, x, y):
    s = functional_call(module, params, (x,), strict=True)
    return likelihood.loss_bce(s[..., 0], y)


grads, by_module = grad(loss_fn)(params, xs, ys), grad(module_loss)(params, xs, ys)
print([torch.allclose(by_module[name], grads[name], atol=1e-6) for name in grads])

# %% [markdown]
# The names in the dict are those of `module.named_parameters()`. Write `strict=True`, always. A name that is missing
# then raises:

# %% tags=["raises-exception"]
incomplete = {name: leaf for name, leaf in params.items() if name != "linear_s.bias"}
module_loss(incomplete, xs, ys)

# %% [markdown]
# Without it the module quietly takes its own weight, and nothing that you do to `params` changes it.
# [Lesson 5](05-model.md) shows what becomes of a training then.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: `grad(f)` is not the gradient"
#     `grad(f)` is a function, and `grad(f) * 0.1` raises `TypeError: unsupported operand type(s) for *: 'function' and
#     'float'`. Call it: `grad(f)(w, x)`.
#
# !!! warning "Pitfall: the function gives a vector"
#     `RuntimeError: grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with 1 dims.
#     Maybe you wanted to use the vjp or jacrev APIs instead?` Sum or average first, or ask for a Jacobian.
#
# !!! warning "Pitfall: a pair without `has_aux`"
#     `RuntimeError: grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got <class 'tuple'>`. Say
#     `has_aux=True`, and expect a pair back.
#
# !!! warning "Pitfall: everything is mapped"
#     `vmap(length)(w, points)` takes `w` apart as well: `ValueError: vmap: Expected all tensors to have the same size
#     in the mapped dimension, got sizes [2, 3] for the mapped dimension`. Worse, if the sizes happen to agree there is
#     no error. Say `in_dims=(None, 0)`.
#
# !!! warning "Pitfall: `.item()` inside"
#     In a function that is mapped it raises: `RuntimeError: vmap: It looks like you're calling .item() on a Tensor.` In
#     one that is only differentiated nothing is raised, and the number counts as a constant: with
#     `(x * x.sum().item()).sum()` half of the gradient is missing. Keep tensors until you print.
#
# !!! warning "Pitfall: results that leak out"
#     A tensor that a mapped function stores elsewhere (`log.append(h)`) is of the transform's inner world. Used later,
#     it says `RuntimeError: Either your tensor may have escaped from inside a function being vmapped and this is a user
#     error`. Return it instead; under `grad` that is what `has_aux=True` is for.
#
# !!! warning "Pitfall: `jvp` without its tuples"
#     `jvp(f, x, v)` raises `RuntimeError: jvp(f, primals, tangents): Expected primals to be a tuple.` Write
#     `jvp(f, (x,), (v,))`. It gives a pair, the value and the derivative: the product with the Hessian is its second.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: f takes `[3]` and gives `[5]`. Which of `jacrev` and `jacfwd` is cheaper, and what is the shape?"
#     `jacfwd`: three passes instead of five. The shape is `[5, 3]` either way.
#
# ??? question "Quiz: What does `vmap(grad(f))` compute, and what `grad(lambda xs: vmap(f)(xs).sum())`?"
#     The same numbers. The first differentiates each example's own scalar, the second the sum of all of them, and the
#     gradient of a sum with respect to one example sees only that example's term.
#
# ??? question "Quiz: You need all eigenvalues of the Hessian of the 2-4-1 network. Hessian or products?"
#     The Hessian: $17 \times 17$ is nothing, and all eigenvalues need all of it. Products are for when $D^2$ does not
#     fit, or when a few directions are enough.
#
# ??? question "Quiz: a is `[4, 2]`, b is `[3, 2]`. What is the shape of `vmap(vmap(f, (0, None)), (None, 0))(a, b)` for a scalar f?"
#     `[3, 4]`. The outer map runs over `b` and puts its axis first; the inner one runs over `a`.

# %% [markdown]
# ## Exercise
#
# Six functions, nearly all of them one line long. `distance`, the one of [lesson 2](02-autograd.md), is given.

# %% [markdown]
# `distance_gradient` gives the gradient of `distance` in `w`. It is one call of `grad`, and one more pair of
# parentheses.

# %% tags=["student"] function="distance_gradient"

# %% [markdown]
# `value_and_grad` takes a function and gives a function, in JAX's order: the value first, as a tensor, then gradients
# with the structure of `params`. Whatever else `f` takes is handed on.

# %% tags=["student"] function="value_and_grad"

# %% [markdown]
# `batched_distance` measures many points from one, `[N, D]` to `[N]`. All share `w`.

# %% tags=["student"] function="batched_distance"

# %% [markdown]
# `per_example_gradients` takes a loss of ONE example and many examples. It gives a dict with the names of `params`,
# whose leaves have the examples first.

# %% tags=["student"] function="per_example_gradients"

# %% [markdown]
# `jacobian` gives all partial derivatives of a function from `[D]` to `[M]`: a row for each output, a column for each
# input. Forward or reverse, as you like.

# %% tags=["student"] function="jacobian"

# %% [markdown]
# `hvp` gives the Hessian times a vector. It must not make the Hessian: it is asked with vectors for which there would
# be no room.

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
