# %% [markdown]
# # The loop
#
# One step makes the loss of one batch a little smaller; training is nothing but steps, thousands of them. This lesson
# puts the step of [lesson 7](07-sgd.md) into a loop in both styles, and then asks how the loop can be made fast without
# becoming another loop.

# %% [markdown]
# ## What you will be able to do
#
# - name the five steps of the module style, in their order, and say what goes wrong without each;
# - write the same loop as a fold over batches, with nothing changed in place;
# - count epochs, steps and examples, and average a loss over the right thing;
# - say what `train()` and `eval()` change, and what a function does instead of having a mode;
# - train with [`train.fit`][xorfunc.train.fit] and choose its backend;
# - predict what a trace sees, where `torch.compile` breaks a graph, and when compiling pays.

# %% [markdown]
# ## Five steps
#
# First the data, the network and the loss of the lessons before, and three keys: one for the points, one for the first
# parameters, one for the order of the examples.

# %%
import torch
from torch import nn

from xorfunc import checkpoint, data, likelihood, model, optim, plot, random, train

torch.set_num_threads(1)  # for tensors this small a second thread costs more than it saves

# %%
data_key, init_key, fit_key = random.split(random.key(8), 3)
x, y = data.continuous_xor(data_key, 1000, 0.1)
start = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)


def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


# %% [markdown]
# Both loops, side by side:
#
# === "nn.Module"
#
#     ```python
#     module.train()
#     for epoch in range(num_epochs):
#         for x_batch, y_batch in loader:                 # 1. take a batch
#             optimizer.zero_grad()                       # 2. clear the gradients
#             s = module(x_batch).squeeze(-1)             # 3. forward
#             loss = loss_bce(s, y_batch)
#             loss.backward()                             # 4. backward
#             optimizer.step()                            # 5. step
#     ```
#
# === "functional"
#
#     ```python
#     state = optimizer.init(params)
#     for epoch in range(num_epochs):
#         for x_batch, y_batch in minibatches(fold_in(key, epoch), x, y, batch_size):
#             loss, grads = value_and_grad(loss_fn)(params, x_batch, y_batch)
#             updates, state = optimizer.update(grads, state, params)
#             params = apply_updates(params, updates)
#     ```
#
# === "JAX"
#
#     ```python
#     def step(carry, batch):
#         params, state = carry
#         loss, grads = jax.value_and_grad(loss_fn)(params, *batch)
#         updates, state = optimizer.update(grads, state, params)
#         return (optax.apply_updates(params, updates), state), loss
#
#
#     @jax.jit
#     def epoch(params, state, batches):  # batches: arrays with a leading axis of batches
#         return jax.lax.scan(step, (params, state), batches)
#     ```
#
# | step | nn.Module | functional | without it |
# |---|---|---|---|
# | batch | a `DataLoader` draws | a key decides | the same examples in the same order, for ever |
# | clear | `zero_grad()` | nothing to clear: gradients are a result | each step goes by the sum of all gradients so far |
# | forward | fills a graph | inside `value_and_grad` | there is no loss |
# | backward | adds to `.grad` | inside `value_and_grad` | `.grad` is `None`, and `step()` skips it in silence |
# | step | changes parameters in place | gives new ones | the loss stays where it was |
#
# Three of the five are there only because a module keeps things: what is a result in the one style is a place in memory
# in the other. The numbers are the same. From equal parameters, on equal batches:

# %%
batches = data.minibatches(random.fold_in(fit_key, 0), x, y, 128)
params, losses = train.train_epoch(loss_fn, start, batches, lr=0.1)

module = checkpoint.params_to_module(start, model.LogitPredictor(2, 4, 1))
optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
by_module = [train.module_step(module, optimizer, likelihood.loss_bce, *batch) for batch in batches]
print("functional", [round(loss, 5) for loss in losses.tolist()])
print("nn.Module ", [round(loss, 5) for loss in by_module])

# %% [markdown]
# `zero_grad()` is the step that is forgotten. What then happens is not nonsense, and that is why it is hard to see. The
# gradients add up and nothing is ever forgotten: it is momentum with a decay of 1.


# %%
def losses_of(clear, momentum):
    module = checkpoint.params_to_module(start, model.LogitPredictor(2, 4, 1))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=momentum)
    losses = []
    for x_batch, y_batch in batches:
        if clear:
            optimizer.zero_grad()
        loss = likelihood.loss_bce(module(x_batch).squeeze(-1), y_batch)
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 5))
    return losses


# %%
print("never cleared", losses_of(clear=False, momentum=0.0))
print("momentum 1   ", losses_of(clear=True, momentum=1.0))

# %% [markdown]
# ## Epochs
#
# An epoch goes through all examples once, in an order of its own. $N$ examples in batches of $B$ take
# $\lceil N / B \rceil$ steps, the last of which is usually short:

# %%
sizes = [len(x_batch) for x_batch, _ in batches]
print(sizes, "in all", sum(sizes))

# %% [markdown]
# What you log is the loss of each batch before its step, averaged over *examples*. A mean of the batches' means would
# give an example of the short batch more weight than any other:
#
# $$ \text{loss of an epoch} = \frac{1}{N} \sum_b \text{size}_b \, \text{loss}_b $$
#
# The number is a little too pessimistic, since the parameters got better while it was collected. It costs nothing,
# though: it uses numbers that the steps have computed anyway.
#
# In the functional style the order of epoch $e$ comes from `fold_in(key, e)`, which makes of one key another one for
# each number. So a whole training is determined by its arguments, and any epoch can be repeated alone:

# %%
first = train.fit(fit_key, loss_fn, start, x, y, num_epochs=3, backend="eager")
again = train.fit(fit_key, loss_fn, start, x, y, num_epochs=3, backend="eager")
other = train.fit(random.key(1), loss_fn, start, x, y, num_epochs=3, backend="eager")
print(first.losses, torch.equal(first.losses, again.losses), torch.equal(first.losses, other.losses))

# %% [markdown]
# ## Two modes, or none
#
# A module has a flag, `module.training`. `module.train()` sets it, in every submodule, and `module.eval()` clears it.
# Two common layers look at it:
#
# | | `train()` | `eval()` |
# |---|---|---|
# | dropout | sets entries to zero at random, scales up the rest | does nothing |
# | batch norm | normalises by the batch's mean and variance, and updates its running ones | normalises by the running ones |
# | gradients | recorded | **also recorded**: that is `torch.no_grad()`'s business |

# %%
torch.manual_seed(0)
dropout, norm = nn.Dropout(0.5), nn.BatchNorm1d(2)
print("dropout, train:", dropout(torch.ones(6)), dropout(torch.ones(6)))
print("dropout, eval: ", dropout.eval()(torch.ones(6)))
for mode in (True, False):
    norm.train(mode)
    print("norm, train" if mode else "norm, eval ", norm(x).mean(0).detach(), "running mean", norm.running_mean)

# %% [markdown]
# One forward pass in train mode has moved the running mean a tenth of the way, with no gradient and no step. In eval
# mode the answer for a point depends on that point alone; in train mode it depends on the others in its batch.
#
# A function has no mode, because it has nothing to keep one in. What differs between training and evaluation is an
# argument. Dropout takes a key in training and is not called in evaluation; running statistics go in and come out, like
# an optimizer's state. You cannot forget the mode, because you cannot call the function without choosing:


# %%
def dropout_with(key, h, rate):
    keep = random.bernoulli(key, 1 - rate, h.shape)
    return torch.where(keep, h / (1 - rate), 0.0)


print(dropout_with(random.key(0), torch.ones(6), 0.5))
print(dropout_with(random.key(0), torch.ones(6), 0.5))

# %% [markdown]
# The network of the course has neither layer, so both modes give the same. Call `train()` and `eval()` all the same:
# the next network will have them.
#
# ## Many trainings
#
# [`train.fit`][xorfunc.train.fit] is the functional loop with everything in it: any optimizer, a fresh order each
# epoch, a bar with `progress=True`, and what was reached so far if you press Ctrl-C. Four optimizers from the same
# parameters, on the same batches:

# %% alt="Loss over 40 epochs on a logarithmic axis: sgd with rate 0.1 hardly leaves the plateau near 0.69; adam, sgd with rate 1 and momentum leave it one after the other and fall to 0.01 and below."
optimizers = {
    "sgd 0.1": optim.sgd(0.1),
    "sgd 1": optim.sgd(1.0),
    "momentum 0.1": optim.momentum(0.1),
    "adam 0.05": optim.adam(0.05),
}
runs = {name: train.fit(fit_key, loss_fn, start, x, y, optimizer=o, num_epochs=40) for name, o in optimizers.items()}
plot.loss_curves({name: run.losses for name, run in runs.items()})

# %% [markdown]
# All start near 0.7, close to $\log 2 = 0.693$, the loss of one who says one half to everything. That plateau is
# typical of XOR: to first order no single input helps, and the hidden units must find out together that they have to
# differ.
#
# Optimizers are one reason for a curve to look bad. Another is where it started. Here a network with only two hidden
# units, the fewest that can solve XOR, is trained from four keys:

# %% alt="Four loss curves of a network with two hidden units: two fall to about 0.005, the other two level off on plateaus, near 0.35 and near 0.47, and stay there."
starts = {f"key {seed}": model.init_params(random.key(seed), 2, 2, 1) for seed in (1, 4, 6, 11)}
adam = optim.adam(0.05)
runs = {name: train.fit(fit_key, loss_fn, p, x, y, optimizer=adam, num_epochs=60) for name, p in starts.items()}
plot.loss_curves({name: run.losses for name, run in runs.items()})

# %% [markdown]
# Two get there and two do not. At 0.35, half of $\log 2$, the network has two corners right and calls the other two one
# half. At 0.47 it has cut off one corner, and calls each of the other three two thirds. These are local minima, and no
# patience helps: of the first twelve keys three find the solution. So draw several curves before you judge a method by
# one. [Lesson 12](12-ensembles.md) trains thousands of networks at once, and makes use of their differences.
#
# ## What a step costs
#
# The arithmetic of one step of this network takes a few microseconds. Everything else is overhead: Python, and torch
# finding out again, for each of some sixty operations, what it found out for the batch before. `fit` has three ways to
# run the same step:
#
# ```mermaid
# flowchart LR
#     F[loss_fn, optimizer] --> S["a step: the meaning"]
#     S -->|as it is| E[eager]
#     S -->|recorded once| G[graph of operations]
#     G -->|replayed| T[traced]
#     G -->|a loop over epochs, in machine code| C[compiled]
#     S -.->|compared with| G
# ```
#
# `backend="auto"`, the default, takes what is cheapest in total for the number of steps. All give the same trajectory
# within rounding, and `fit` checks that before it trusts a graph:

# %%
runs = {name: train.fit(fit_key, loss_fn, start, x, y, num_epochs=5, backend=name) for name in ("eager", "traced")}
for name, run in runs.items():
    print(f"{name:6}", run.losses)
print("largest difference of a parameter:", end=" ")
print(f"{max((runs['eager'].params[n] - runs['traced'].params[n]).abs().max() for n in start):.0e}")

# %% [markdown]
# ## What a trace sees
#
# To trace is to run a function once with stand-ins for its tensors and to write down every tensor operation. This is
# `make_fx`, on which `fit` stands. The function below is a small step, with a `print`, an `if`, and a global number:

# %%
from torch.fx.experimental.proxy_tensor import make_fx

rate = 0.1


def step(w, x):
    print("Python runs")
    if rate > 0:
        return w - rate * torch.func.grad(lambda w: (w * x).square().sum())(w)
    return w


# %%
graph = make_fx(step)(torch.tensor(1.0), torch.ones(3))
print(*[node.name for node in graph.graph.nodes])

# %% [markdown]
# The gradient has become plain operations, forward and backward in one list. The `print` is gone, since it is no tensor
# operation. So is the `if`: it was decided while tracing, and the graph has only the branch that was taken. The rate is
# a constant in it. Set to zero, it stops the function and not the graph, which prints nothing either:

# %%
rate = 0.0
w = torch.tensor(1.0)
print("function", step(w, torch.ones(3)))
print("graph   ", graph(w, torch.ones(3)))

# %% [markdown]
# The same holds of any Python number, list, shape or random draw: a trace freezes what it was then. That is why a
# function to be traced must be pure, and take all that may change as an argument. An `if` on the *value* of a tensor
# cannot even be frozen, for stand-ins have none. Here it is `RuntimeError: It appears that you're trying to get value
# out of a tracing tensor`; in JAX it is `TracerBoolConversionError`; and `fit` falls back to the eager loop with a
# warning (see the pitfalls). The cure is an operation that has both branches, `torch.where`.
#
# `torch.compile` goes another way. It reads Python's bytecode, and where it cannot go on, it *breaks the graph*: it
# compiles what it has, lets Python do the `if`, and begins another graph afterwards. A backend that compiles nothing
# and only counts shows it:


# %%
graphs = []


def count(graph, example_inputs):
    graphs.append(graph)
    return graph.forward


def branching(w, x):
    s = torch.tanh(w * x)
    return s * 2 if s.sum() > 0 else s - 1


# %%
def selecting(w, x):
    s = torch.tanh(w * x)
    return torch.where(s.sum() > 0, s * 2, s - 1)


for f in (branching, selecting):
    graphs = []
    torch.compile(f, backend=count)(torch.ones(3), torch.ones(3))
    print(f.__name__, "graphs:", len(graphs))

# %% [markdown]
# Two graphs with Python between them still give the right answer, only slower, and nobody tells you. `fullgraph=True`
# makes a break an error, and you should ask for it. The other silent cost is compiling again. A graph holds for the
# shapes, dtypes and flags that it was made for, and the short last batch of an epoch is another shape:

# %%
torch.compiler.reset()  # what was made for three numbers is forgotten
graphs = []
compiled = torch.compile(selecting, backend=count, fullgraph=True)
for size in (128, 128, 104, 96):
    compiled(torch.ones(size), torch.ones(size))
    print("batch of", size, "graphs so far:", len(graphs))

# %% [markdown]
# At the second shape torch assumes that the size varies and makes a graph for any size. JAX would compile once for
# each.
#
# ## When compiling pays
#
# These times were recorded by the project's benchmark (`python -m benchmarks.race`: 2 cores of an Intel Xeon,
# torch 2.13.0, JAX 0.10.2; 1000 points, batches of 128). Yours will differ; their ratios will not differ much.
#
# | microseconds a step | |
# |---|---|
# | a tutorial's loop: `DataLoader`, module, `.item()` | 1026 |
# | a tuned module loop: slices, fused optimizer, nothing read back | 372 |
# | `fit`, eager | 1147 |
# | `fit`, traced | 120 |
# | `fit`, compiled | 25 |
# | JAX, `jit` of one step, called from Python | 399 |
# | JAX, `jit` of a `scan` over all steps | 34 |
#
# Three lessons stand in that table. The pure loop, eager, is the slowest: new tensors for everything, and `torch.func`
# on top. Being pure is what lets it be traced and compiled, and then it is fifteen times as fast as the tuned module.
# And compiling the step alone buys little (JAX's 399): what has to go is Python *between* steps, so the loop must be
# inside.
#
# But machine code has to be made first, and that took 34 seconds. A total is preparation plus steps:

# %% alt="Total seconds against the number of steps, both logarithmic: the tuned module and eager start low and grow proportionally, traced starts near 0.14 s and crosses both between one and six hundred steps, compiled starts at 34 s and is cheapest only beyond some four hundred thousand steps."
first = {"tuned module": 0.0, "eager": 0.0, "traced": 0.14, "compiled": 34.4}  # seconds before the first step
each = {"tuned module": 372e-6, "eager": 1147e-6, "traced": 120e-6, "compiled": 25e-6}
num = [10**k for k in range(2, 8)]
plot.scaling(num, {name: [first[name] + n * each[name] for n in num] for name in each}, xlabel="steps")

# %%
for slow, fast in (("eager", "traced"), ("tuned module", "traced"), ("traced", "compiled")):
    steps = (first[fast] - first[slow]) / (each[slow] - each[fast])
    print(f"{fast} beats {slow} from {steps:,.0f} steps")

# %% [markdown]
# The 0.14 seconds are those of the first trace of a process, its imports not counted; later ones take a little less. A
# training of 100 epochs here is 800 steps. Compiling it would be absurd; for a search over thousands of
# trainings, or for ensembles, it is the thing to do. `backend="auto"` does this sum for you.
#
# ## Pitfalls
#
# !!! warning "Pitfall: parameters that are not handed on"
#     `new, loss = train_step(loss_fn, params, ...)` in a loop starts every step from the first parameters. Rebind the
#     name: `params, loss = ...`. A `return` inside the loop is its cousin: one batch, and done.
#
# !!! warning "Pitfall: one key for all epochs"
#     `minibatches(key, ...)` in every epoch is the same order in every epoch. And `key = fold_in(key, e)` folds into a
#     key that has been folded into: keep the first one.
#
# !!! warning "Pitfall: a mean of means"
#     The short batch has 104 examples here, and in other data perhaps one. Weigh each loss by its batch's size, and
#     start the total anew in each epoch.
#
# !!! warning "Pitfall: losses that hold a graph"
#     `losses.append(loss)` in the module style keeps the whole graph of each step in memory. Append `loss.item()`, or
#     `loss.detach()` where waiting for a GPU would cost time.
#
# !!! warning "Pitfall: evaluation mode left on"
#     A training that evaluates after each epoch must call `module.train()` again. And a single example in train mode
#     fails in batch norm: `ValueError: Expected more than 1 value per channel when training, got input size
#     torch.Size([1, 2])`.
#
# !!! warning "Pitfall: a new optimizer in each epoch"
#     It has forgotten velocity and means. Make it once, before the loops.
#
# !!! warning "Pitfall: a generator of batches"
#     It is empty after one epoch. `train_module` says so: `ValueError: batches gave no example in epoch 1: they are
#     gone through once an epoch. Give a list or a DataLoader; a generator ends after one.`
#
# !!! warning "Pitfall: a loss that branches on a value"
#     ``SlowerBackendWarning: training runs 'eager' instead of 'traced': loss_fn or optimizer cannot be traced: it reads
#     a number out of a tensor (an `if` on a value, or `.item()`).`` The result is right, and slow. Use `torch.where`.
#
# !!! warning "Pitfall: timing the first call"
#     It traces and compiles. Call once, then time; on a GPU also wait for it ([lesson 11](11-devices.md)).
#
# ## Quizzes
#
# ??? question "Quiz: 1000 examples, batches of 128, 100 epochs. How many steps, and how many with `drop_last=True`?"
#     800 and 700. With `drop_last` 104 examples are left out of each epoch, others each time if it is shuffled.
#
# ??? question "Quiz: You call `module.eval()` and then the loop of five steps. Does the module learn?"
#     Yes. Eval mode turns off dropout and batch statistics, not gradients. It learns, without the regularisation that
#     you wanted, and batch norm's running statistics stand still.
#
# ??? question "Quiz: A traced function contains `print(loss)`. What is printed in a training of 800 steps?"
#     A line or a few, while it is traced and compared with the eager step. Some of them show stand-ins rather than
#     numbers. The 800 replayed steps print nothing.
#
# ??? question "Quiz: Where does compiling pay: in one training of 5,000 steps, or in 10,000 of 800 steps each?"
#     In the second, if loss, optimizer and sizes stay the same: eight million steps share one
#     compilation. The first is done, traced, in under two seconds.
#
# ## Exercise
#
# `train_epoch` takes a step of plain descent on each batch in turn, and gives the last parameters and the loss of each
# batch before its step, stacked into one tensor. Your step from exercise 7 does the work; what matters is what is
# handed on.

# %% tags=["student"] function="train_epoch"

# %% [markdown]
# `fit` goes through epochs. Epoch $e$ takes the batches that `minibatches` makes from `fold_in(key, e)`, and its loss
# is the mean over examples.

# %% tags=["student"] function="fit"

# %% [markdown]
# `train_module` is the same in the other style: train mode on, five steps for each batch, the mean over examples for
# each epoch as a Python float. It must be right also when gradients are left over from before.

# %% tags=["student"] function="train_module"

# %% tags=["check"]
from checker import check

check("exercise8")

# %% [markdown]
# ## Where to read on
#
# [Lesson 9](09-evaluation.md) asks what the trained network is worth. [Lesson 10](10-checkpoints.md) stops a training
# and goes on later, [lesson 12](12-ensembles.md) runs this loop for thousands of networks at once, with
# [`fit_ensemble`][xorfunc.ensemble.fit_ensemble]. How `fit` is built stands in [`xorfunc.train`][xorfunc.train], and
# `xor-check compare` sets both styles side by side, with times from your own machine.
#
# - [`torch.compile`](https://docs.pytorch.org/docs/stable/generated/torch.compile.html) in torch's own documentation,
#   with links to graph breaks, guards, and how to find them.
# - [JAX's page on `jit`](https://docs.jax.dev/en/latest/jit-compilation.html): what tracing sees, from the other side.
