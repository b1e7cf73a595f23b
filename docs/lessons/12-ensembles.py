# %% [markdown]
# # Thousands of networks at once
#
# A trained network says 0.98 and does not say how far to trust that. Many networks, trained from different starts,
# agree where the data told them what to say and differ where it did not. In the functional style an ensemble is the
# dict of one network with one more axis, and every function of one network becomes a function of all.

# %% [markdown]
# ## What you will be able to do
#
# - make an ensemble from the functions of one network with `vmap`, `split` and `in_dims`;
# - train all members in one call, each as it would train alone;
# - read their mean as the ensemble's probability, and their disagreement as what it does not know;
# - count how often a network of a given size learns XOR at all;
# - say why the members' axis goes last in memory when it has to be fast;
# - turn modules that somebody trained into an ensemble, and say what an ensemble cannot tell you.

# %% [markdown]
# ## One more axis
#
# The parameters of one network are a dict of four tensors. Those of $K$ networks are the same dict, with every leaf
# `[K, *shape]`: member $k$ is the $k$-th slice of each. Nothing has to be rewritten for that. `vmap` takes a function
# of one member and gives the function of all:
#
# === "torch"
#
#     ```python
#     params = vmap(init_fn)(split(key, K))                      # [K, 2] keys in, [K, *shape] out
#     s = vmap(logits_fn, in_dims=(0, None))(params, x)          # members differ, x is the same for all
#     params, losses = vmap(lambda p: train_step(loss_fn, p, x, y, lr))(params)
#     ```
#
# === "JAX"
#
#     ```python
#     params = jax.vmap(init_fn)(jax.random.split(key, K))
#     s = jax.vmap(logits_fn, in_axes=(0, None))(params, x)
#     params, losses = jax.vmap(lambda p: train_step(loss_fn, p, x, y, lr))(params)
#     ```
#
# `in_dims=(0, None)` reads: take the first argument apart along axis 0, and give the second one whole to everybody. For
# a dict one number stands for all of its leaves.
#
# ```mermaid
# flowchart LR
#     K["key"] -- split --> KS["keys [K, 2]"]
#     KS -- "vmap(init_fn)" --> P["params, each leaf [K, ...]"]
#     P -- "vmap(step)" --> P
#     P -- "vmap(logits_fn), in_dims=(0, None)" --> S["logits [K, N]"]
#     X["x [N, 2], the same for all"] --> S
#     S -- "sigmoid, mean over K" --> M["probability [N]"]
#     S -- "sigmoid, spread over K" --> D["disagreement [N]"]
# ```

# %%
import torch

from xorfunc import data, ensemble, evaluate, likelihood, model, optim, plot, random

torch.set_num_threads(1)

data_key, fit_key = random.split(random.key(12))
x, y = data.continuous_xor(data_key, 200, 0.15)


def init_fn(key):
    return model.init_params(key, num_inputs=2, num_hidden=4, num_outputs=1)


def logits_fn(params, x):
    return model.logits(params, x)[..., 0]


def loss_fn(params, x, y):
    return likelihood.loss_bce(logits_fn(params, x), y)


# %%
members = torch.func.vmap(init_fn)(random.split(fit_key, 5))
print({name: tuple(leaf.shape) for name, leaf in members.items()})
print("logits", tuple(torch.func.vmap(logits_fn, in_dims=(0, None))(members, x).shape))

# %% [markdown]
# ### Keys make members different
#
# Each member has its own row of `split(key, K)`. With one key for all there would be one network, $K$ times over; with
# `vmap` over integers `0, 1, 2, ...` as seeds, the ensemble would not depend on your key at all. And because member
# $k$ is `init_fn(split(key, K)[k])` and nothing else, any of them can be had again alone:

# %%
alone = init_fn(random.split(fit_key, 5)[3])
print(all(torch.equal(members[name][3], leaf) for name, leaf in alone.items()))

# %% [markdown]
# ### Each member takes its own step
#
# The gradient of the *sum* of all members' losses, with respect to all parameters, holds for each member just its own
# gradient: no parameter of one member appears in the loss of another. So training $K$ networks needs no new
# mathematics. Member 3, trained among five and trained alone:

# %%
from xorfunc.train import train_step

together, losses = torch.func.vmap(lambda p: train_step(loss_fn, p, x, y, 0.5))(members)
single, loss = train_step(loss_fn, alone, x, y, 0.5)
print("losses of all", losses, "alone", loss)
print(max((together[name][3] - leaf).abs().max().item() for name, leaf in single.items()))

# %% [markdown]
# ## Train a crowd
#
# [`fit_ensemble`][xorfunc.ensemble.fit_ensemble] runs the whole loop. It takes the functions of *one* member, and gives
# parameters `[K, *shape]` and losses `[K, num_epochs]`.

# %%
trained, losses = ensemble.fit_ensemble(
    random.key(0), init_fn, loss_fn, x, y, 200, optimizer=optim.adam(0.05), num_epochs=60, batch_size=100
)
print(tuple(losses.shape), "median of the last losses", losses[:, -1].median())

# %% alt="Loss curves of eight members: all start near 0.7; they fall at different times, some at once and some after a plateau, and end close together."
plot.loss_curves({f"member {k}": losses[k] for k in range(8)})

# %% [markdown]
# With hundreds of members a question that one training cannot answer becomes a count. How often does a network with two
# hidden units learn XOR, how often with four, with eight?


# %%
def accuracies(num_hidden):
    def init(key):
        return model.init_params(key, 2, num_hidden, 1)

    params, _ = ensemble.fit_ensemble(
        random.key(1), init, loss_fn, x, y, 100, optimizer=optim.adam(0.05), num_epochs=60, batch_size=100
    )
    return ((ensemble.ensemble_logits(logits_fn, params, x) > 0) == (y == 1)).float().mean(1)


for num_hidden in (2, 4, 8):
    print(num_hidden, "hidden units:", int((accuracies(num_hidden) > 0.9).sum()), "of 100 are right 9 times of 10")

# %% [markdown]
# That is the answer to the quiz in [lesson 5](05-model.md): a solution exists with two units, but descent from a random
# start often does not find it.
#
# ## What the ensemble believes
#
# Each member gives a probability, and the ensemble's is their mean:
#
# $$ P(Y = 1 \mid x) = \frac{1}{K} \sum_k \sigma\big(s_k(x)\big) $$
#
# Mean *after* the sigmoid. A member that is sure ($s = 40$) and one that is surely of the other opinion ($s = -20$)
# together know nothing; the mean of their logits is 10, as if they agreed:

# %%
s = torch.tensor([40.0, -20.0])
print("mean of probabilities", torch.sigmoid(s).mean(), " sigmoid of the mean logit", torch.sigmoid(s.mean()))

# %% [markdown]
# The mean is worth having for itself. On points that nobody has seen:

# %%
x_test, y_test = data.continuous_xor(random.key(99), 2000, 0.15)
s = ensemble.ensemble_logits(logits_fn, trained, x_test)
p = ensemble.ensemble_probability(logits_fn, trained, x_test)
each = torch.stack([likelihood.loss_bce(member, y_test) for member in s])
together = -torch.log(torch.where(y_test == 1, p, 1 - p)).mean()
print(f"loss: mean over members {each.mean():.4f}, ensemble {together:.4f}, best member {each.min():.4f}")
right = ((s > 0) == (y_test == 1)).float().mean(1)
print(f"accuracy: mean over members {right.mean():.4f}, ensemble {((p > 0.5) == (y_test == 1)).float().mean():.4f}")

# %% [markdown]
# The ensemble's loss is never above the members' mean, on any data: $-\log$ is convex, so $-\log$ of a mean is at most
# the mean of $-\log$ (Jensen's inequality). It may well be above the *best* member's, but which one that is you know
# only afterwards.
#
# Their *spread* is the other half of the answer. Over the plane, far beyond the data:

# %% alt="Two maps of the plane around the data. Left, the mean probability: sharp between the four corners, washed out far from them. Right, the standard deviation over members: small at the corners, large in wide sectors away from the data."
low, high = -2.0, 3.0
grids = torch.func.vmap(lambda p: evaluate.probability_grid(logits_fn, p, low, high, steps=61))(trained)
plot.ensemble(grids.mean(0), grids.std(0), x, y, low=low, high=high)

# %%
points = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.5, 3.0], [3.0, -2.0]])
p = torch.sigmoid(ensemble.ensemble_logits(logits_fn, trained, points))
for point, mean, spread in zip(points.tolist(), p.mean(0), p.std(0), strict=True):
    print(point, f"mean {mean:.2f}, spread {spread:.2f}")

# %% [markdown]
# At a corner they agree. In the middle of the square there are hardly any samples, and each member draws its boundary
# through it in its own way. Far outside, some say 0 and some say 1, most of them surely: no data ever told them. One
# network alone, asked there, would have said 0.99 and been believed ([lesson 9](09-evaluation.md)).
#
# Two kinds of not knowing can be told apart with numbers: the *entropy of the mean* is what the ensemble does not know
# in all, the *mean of the entropies* is what its members individually admit, and the difference is what they disagree
# about.


# %%
def entropy(p):
    return -(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p))


print("point         total   admitted  disagreement")
for point, column in zip(points.tolist(), p.T, strict=True):
    total, admitted = entropy(column.mean()), entropy(column).mean()
    print(f"{point!s:12}  {total:.3f}   {admitted:.3f}     {total - admitted:.3f}")

# %% [markdown]
# ## Per-example gradients, again
#
# [Lesson 3](03-transforms.md) mapped a gradient over *examples*. Here `vmap` maps over *members*. They are the same
# operation, and they nest: the gradient of every example for every member. (What for? The spread of these gradients
# over examples says how noisy a batch's gradient is, for each member, and single large ones point at wrong labels.)

# %%
per_example = torch.func.vmap(torch.func.grad(lambda p, a, b: loss_fn(p, a[None], b[None])), in_dims=(None, 0, 0))
both = torch.func.vmap(per_example, in_dims=(0, None, None))(members, x[:10], y[:10])
print({name: tuple(leaf.shape) for name, leaf in both.items()})

# %% [markdown]
# ## Why it is fast
#
# A step of one small network is nearly all overhead: some dozens of operations on a few hundred numbers each, where
# starting an operation costs more than doing it. Many members in one call pay for the start once. These are times of
# `fit_ensemble`, recorded by the project's benchmark (2 cores of an Intel Xeon, torch 2.13.0; 1000 points in batches of
# 128):

# %% alt="Milliseconds an epoch against the number of members, both logarithmic, from 1 to 65,536: both lines are flat up to some hundred members and rise proportionally from about a thousand on; the compiled one lies below the replayed one everywhere, by a factor of three to six."
num = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]
replayed = [12.8, 8.91, 9.57, 11.5, 21.2, 47.5, 161, 671, 3002]  # milliseconds an epoch
compiled = [2.31, 2.35, 2.43, 2.91, 4.40, 10.4, 48.6, 213, 659]
seconds = {"replayed (auto)": [t / 1000 for t in replayed], "compiled": [t / 1000 for t in compiled]}
plot.scaling(num, seconds, xlabel="members")

# %% [markdown]
# Sixty-four members cost at most a quarter more than one, and a thousand about four times as much. From there on, twice
# the members are twice the work, and what counts is how that work is done.
#
# A processor computes with *vectors*: eight or sixteen neighbouring numbers at a time. With the members' axis first,
# neighbours are the weights of one unit, and a layer with two inputs fills two places of sixteen. With the members'
# axis *last*, neighbours are the same weight of sixteen members, and every place is filled:
#
# | memory, from left to right | |
# |---|---|
# | members first, `[K, 2]` | **a₁ a₂** b₁ b₂ c₁ c₂ d₁ d₂ ... |
# | members last, `[2, K]` | **a₁ b₁ c₁ d₁ ...** a₂ b₂ c₂ d₂ ... |
#
# `fit_ensemble` therefore turns everything around inside where it compiles, cuts the members into chunks that fit a
# core's cache, and shows you the members first outside. Nothing of this has to be written by you. Broadcasting aligns
# shapes at the right, so the recorded operations of *one* member's step run for many with hardly a change: a weight
# `[4, 2]` becomes `[4, 2, K]`, and data, which all share, gets a last axis of size one
# ([architecture](../architecture.md)).
#
# One member's step, among 1024, in the same record:
#
# | microseconds | |
# |---|---|
# | one module alone, in a tuned loop | 526 |
# | `vmap` of the step, eager | 23 |
# | `fit_ensemble`, replayed | 8.2 |
# | JAX, `vmap` and `jit` and `scan` | 3.2 |
# | `fit_ensemble`, compiled | 1.2 |
#
# So a thousand networks train in about the time of two or three single ones. [The race](../race.md) has all figures,
# with the spread of the rounds and the command that repeats them. 65,536 members in one call take 1 GiB of memory.
#
# !!! tip
#     `backend="auto"` replays recorded operations and needs no compiler. For long trainings of many members try
#     `backend="compiled"`: it needs a C++ compiler, and half a minute the first time.
#
# ## From modules to an ensemble
#
# Whoever has $K$ trained modules of one class has an ensemble: stack their parameters, and let one module's code run
# them all through `functional_call` ([lesson 3](03-transforms.md)).

# %%
modules = [model.LogitPredictor(2, 4, 1) for _ in range(3)]
stacked = ensemble.stack_modules(modules)
s = torch.func.vmap(lambda p: model.functional_logits(modules[0], p, x))(stacked)
print(tuple(s.shape), all(torch.allclose(s[k], module(x), atol=1e-6) for k, module in enumerate(modules)))

# %% [markdown]
# === "functional"
#
#     ```python
#     params = stack_modules(modules)                  # copies: the modules may go on training
#     s = vmap(lambda p: functional_logits(modules[0], p, x))(params)
#     ```
#
# === "torch's own"
#
#     ```python
#     params, buffers = torch.func.stack_module_state(modules)   # new leaves that require grad
#     s = vmap(lambda p, b: functional_call(modules[0], (p, b), (x,)))(params, buffers)
#     ```
#
# === "nn.Module"
#
#     ```python
#     s = torch.stack([module(x) for module in modules])         # one after the other
#     ```
#
# A module owns *its* parameters, so a thousand modules are a thousand objects with a thousand loops. It takes a
# function of the parameters to map over them, and an ensemble that begins as such a function needs no stacking at all.
#
# ## Bagging
#
# Above, all members see the same data, and they differ by their start alone. In *bagging* each member has its own
# sample: as many examples, drawn with replacement. That is one more key for each member, and `x` and `y` are now mapped
# over as well, because they have a member axis:


# %%
def resampled(key):
    rows = random.randint(key, (len(x),), 0, len(x))
    return x[rows], y[rows]


start = ensemble.init_ensemble(fit_key, init_fn, 30)
own = torch.func.vmap(resampled)(random.split(random.key(3), 30))
shared = x.expand(30, -1, -1), y.expand(30, -1)
print("bags", tuple(own[0].shape), "examples of member 0 that are different", len(own[0][0].unique(dim=0)), "of 200")


# %%
def spread(xs, ys, params=start):
    for _ in range(200):
        params, _ = torch.func.vmap(lambda p, x, y: train_step(loss_fn, p, x, y, lr=1.0))(params, xs, ys)
    grids = torch.func.vmap(lambda p: evaluate.probability_grid(logits_fn, p, -0.25, 1.25, steps=31))(params)
    return grids.std(0).mean()


print("mean spread around the data: shared", spread(*shared), "own", spread(*own))

# %% [markdown]
# A little more spread than from the start alone, here where a good 120 of 200 examples are in each bag.
#
# ## What an ensemble cannot tell
#
# Members that share their architecture, their loss and where their data come from share their blind spots: they agree
# where all of them are wrong in the same way. A spread is no probability of being wrong. It says "these networks
# differ", which is worth knowing and is less than "I know". And where members agree far from the data, as `tanh` units
# that have all saturated may, the agreement is one of construction, not of evidence.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: vmap maps over x as well"
#     `vmap(logits_fn)(params, x)` takes `x` apart, too: `ValueError: vmap: Expected all tensors to have the same size
#     in the mapped dimension, got sizes [5, 5, 5, 5, 200]`. Say `in_dims=(0, None)`.
#
# !!! warning "Pitfall: one key for all"
#     `vmap(lambda _: init_fn(key))(keys)` gives $K$ equal networks. They will agree about everything, and you will
#     believe them. Seeds `0, 1, 2, ...` are no better: then it does not depend on your key at all.
#
# !!! warning "Pitfall: the mean of logits"
#     `sigmoid(s.mean(0))` lets the loudest member decide. Take `sigmoid(s).mean(0)`.
#
# !!! warning "Pitfall: the mean of parameters"
#     `{name: leaf.mean(0)}` is not an average of networks: units stand in another order in each ([lesson
#     5](05-model.md)). Average what they say.
#
# !!! warning "Pitfall: `.item()` and `if` in a mapped function"
#     `RuntimeError: vmap: It looks like you're calling .item() on a Tensor.` What is mapped runs once, for all members
#     together, and a number of one of them does not exist. Use `torch.where`.
#
# !!! warning "Pitfall: the gradient of the mean"
#     `grad` of `losses.mean()` makes every member's step $K$ times too small; that of `losses.sum()` is right, and
#     `vmap` of the step is simplest. Averaging gradients over members is worse: then all of them move alike.
#
# !!! warning "Pitfall: stacked, and still in the graph"
#     `torch.stack([m.weight for m in modules])` requires grad and belongs to the modules' graph. Take `p.detach()`, of
#     `named_parameters()` rather than of `state_dict()`, which has buffers too.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: What are the shapes of losses and parameters after `vmap` of `train_step` over 8 members of the 2-4-1 network?"
#     Losses `[8]`; `linear_h.weight` `[8, 4, 2]`, `linear_h.bias` `[8, 4]`, `linear_s.weight` `[8, 1, 4]`,
#     `linear_s.bias` `[8, 1]`.
#
# ??? question "Quiz: Member 17 of a thousand has a strange loss. How do you get it alone, without training the others?"
#     Its start is `init_fn(split(init_key, 1000)[17])`, and it saw the batches of `fit_key`, with
#     `init_key, fit_key = split(key)`. So `fit(fit_key, loss_fn, start, x, y, ...)` repeats it.
#
# ??? question "Quiz: Where would the disagreement of members be large although there is plenty of data?"
#     Where the network is too small or was trained too briefly, so that members are stuck in different places (two
#     hidden units, above). Otherwise nowhere: with enough data near a point all that fit must agree there, be it on
#     0.5, and what stays is the noise of the labels, which each of them admits.
#
# ??? question "Quiz: Why is the gradient of the summed losses right for each member, and that of the mean is not?"
#     $\partial (\sum_j L_j) / \partial p_k = \partial L_k / \partial p_k$. With the mean it is $1/K$ of that: everybody
#     would train with a rate $K$ times smaller.

# %% [markdown]
# ## Exercise
#
# Five functions, none longer than three lines: `vmap` does the work.

# %% [markdown]
# `init_ensemble` draws every member by its own key: member $k$ is `init_fn(split(key, num_members)[k])`, and members
# are the first axis of every leaf.

# %% tags=["student"] function="init_ensemble"

# %% [markdown]
# `ensemble_logits` asks all members about the same data, `[N, D]` to `[K, N]`. Gradients flow to parameters and data.

# %% tags=["student"] function="ensemble_logits"

# %% [markdown]
# `ensemble_step` lets every member take a step by its own gradient, and gives each one's loss before the step, `[K]`.
# The results do not require grad.

# %% tags=["student"] function="ensemble_step"

# %% [markdown]
# `ensemble_probability` is the mean of the members' probabilities, `[N]`: first the sigmoid, then the mean.

# %% tags=["student"] function="ensemble_probability"

# %% [markdown]
# `stack_modules` makes an ensemble of modules of one class, of copies that do not require grad. The modules stay as
# they are.

# %% tags=["student"] function="stack_modules"

# %% tags=["check"]
from checker import check

check("exercise12")

# %% [markdown]
# ## Where to read on
#
# This was the last lesson. [`xorfunc.ensemble`][xorfunc.ensemble] is the library's form of what you wrote, and [the
# race](../race.md) what it costs. The [guide for instructors](../guides/instructors.md) shows how to write an exercise
# of your own: that is a good way to find out what you know.
#
# - Lakshminarayanan, Pritzel and Blundell, [Simple and scalable predictive uncertainty estimation using deep
#   ensembles](https://arxiv.org/abs/1612.01474), 2017.
# - [Model ensembling](https://docs.pytorch.org/tutorials/intermediate/ensembling.html) in PyTorch's own tutorials.
