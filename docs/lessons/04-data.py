# %% [markdown]
# # Data that a key decides
#
# Learning needs examples, an order to see them in, and pieces to see at a time; all three are drawn at random, and who
# draws decides whether a training can ever be repeated. This lesson makes the data of the course from keys, cuts it
# into batches, and does the same with PyTorch's `Dataset` and `DataLoader`.

# %% [markdown]
# ## What you will be able to do
#
# - say what continuous XOR is, draw it, and say what its noise does;
# - use random keys: split them, fold numbers into them, never use one twice;
# - show what goes wrong with a global seed, and what cannot go wrong with keys;
# - shuffle by a permutation and cut into batches, with a shorter last one or without it;
# - write a `Dataset`, and say what each option of a `DataLoader` does and costs;
# - choose between the two ways.

# %% [markdown]
# ## Continuous XOR
#
# *Exclusive or* asks of two bits whether they differ:
#
# | $c_1$ | $c_2$ | $c_1 \oplus c_2$ |
# |---|---|---|
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# As arithmetic it is $c_1 + c_2 - 2\, c_1 c_2$, and the product in it is the trouble: no sum of a function of $c_1$ and
# one of $c_2$ has these four values. The continuous form asks it of points in the plane. Each point begins
# at a corner of the unit square and is moved by a little noise; its label is the exclusive or of the *corner's* bits:
#
# $$ c \sim \text{uniform on } \{0, 1\}^2, \qquad x = c + \text{std} \cdot \varepsilon, \quad \varepsilon \sim N(0, I), \qquad
#    y = c_1 \oplus c_2 $$

# %%
import torch
from torch.utils.data import DataLoader, Dataset

from xorfunc import data, plot, random

torch.set_num_threads(1)  # for tensors this small a second thread costs more than it saves
x, y = data.continuous_xor(random.key(0), size=400, std=0.15)
print("x", tuple(x.shape), x.dtype, " y", tuple(y.shape), y.dtype)
print(x[:3], y[:3])

# %% alt="Four clouds of points around the corners of the unit square: class 0 at the lower left and the upper right, class 1 at the two others. The clouds are apart, with one stray point of class 0 halfway between two of them."
plot.samples(x, y)

# %% [markdown]
# The label belongs to the corner, not to the point. With more noise a point may wander into the territory of another
# corner, and it keeps its label:

# %% alt="The same with much larger noise: four clouds that overlap in the middle, and points of each class deep in the region of the other."
x_noisy, y_noisy = data.continuous_xor(random.key(0), size=400, std=0.4)
plot.samples(x_noisy, y_noisy)

# %% [markdown]
# How many points lie where another label belongs? The noise carries one coordinate over the middle with probability
# $p = \Phi(-0.5 / \text{std})$. The exclusive or is spoiled if exactly one of the two is carried over, with
# probability $2 p (1 - p)$:

# %%
for std in (0.1, 0.2, 0.3, 0.4):
    points, labels = data.continuous_xor(random.key(1), 100_000, std)
    p = torch.special.ndtr(torch.tensor(-0.5 / std))
    spoiled = (data.xor_labels((points > 0.5).long()) != labels).float().mean()
    print(f"std {std}: {spoiled:.4f} of the points, by the formula {2 * p * (1 - p):.4f}")

# %% [markdown]
# No classifier can be right about those; [lesson 9](09-evaluation.md) holds a network against this limit. With 0.15, as
# in the first picture, it is less than one in a thousand. There is one; find it.
#
# Why this data? It is the smallest problem that a linear model cannot solve ([lesson 5](05-model.md)), and its two
# coordinates can be drawn, so that you see what a network has learned.
#
# ## Keys
#
# A random number generator of the usual kind has a hidden state. Every draw changes it, so that what you get depends on
# everything that was drawn before, by anybody. A **key** is the opposite: a tensor of two integers, and drawing is a
# *pure function* of it. The same key gives the same numbers, always; other numbers need another key.

# %%
key = random.key(42)
print(key, random.normal(key, (3,)))
print("again the same:", random.normal(key, (3,)))

# %% [markdown]
# New keys come from old ones. `split` makes several, `fold_in` makes one from a key and a number, such as that of an
# epoch. The old key is then used up: draw with it *or* split it, not both. So the keys of a program form a tree, with
# the seed at its root and a draw at each leaf:
#
# ```mermaid
# flowchart LR
#     seed["key(0)"] -- split --> d[data_key] & i[init_key] & t[fit_key]
#     d -- split --> c[corner_key] & n[noise_key]
#     c --> C([corners])
#     n --> N([noise])
#     i --> P([first parameters])
#     t -- "fold_in 0" --> e0([order of epoch 0])
#     t -- "fold_in 1" --> e1([order of epoch 1])
# ```
#
# === "torch"
#
#     ```python
#     from xorfunc import random
#
#     key = random.key(42)
#     corner_key, noise_key, fit_key = random.split(key, 3)
#     epoch_key = random.fold_in(fit_key, epoch)
#     e = random.normal(noise_key, (100, 2))
#     ```
#
# === "JAX"
#
#     ```python
#     from jax import random
#
#     key = random.key(42)
#     corner_key, noise_key, fit_key = random.split(key, 3)
#     epoch_key = random.fold_in(fit_key, epoch)
#     e = random.normal(noise_key, (100, 2))
#     ```
#
# === "global state"
#
#     ```python
#     torch.manual_seed(42)
#     c = torch.randint(0, 2, (100, 2))
#     e = torch.randn(100, 2)
#     ```
#
# The functions are named as in JAX, and the *numbers* are those of `jax.random` as well: integers and uniforms bit for
# bit, normals to $10^{-5}$. So a training can be repeated in the other framework, and this project's tests do that.
#
# === "torch"
#
#     ```python
#     random.bits(random.key(0), (2,))  # tensor([4070199207, 4202968722])
#     random.normal(random.key(0), (2,))  # tensor([1.6226, 2.0253])
#     random.permutation(random.key(4), 10)  # tensor([8, 6, 4, 7, 9, 5, 1, 3, 0, 2])
#     ```
#
# === "JAX"
#
#     ```python
#     random.bits(random.key(0), (2,))  # [4070199207 4202968722]
#     random.normal(random.key(0), (2,))  # [1.6226422 2.0252647]
#     random.permutation(random.key(4), 10)  # [8 6 4 7 9 5 1 3 0 2]
#     ```

# %%
print(random.bits(random.key(0), (2,)), random.normal(random.key(0), (2,)))
print(random.permutation(random.key(4), 10))

# %% [markdown]
# ### One key for two draws
#
# Two draws with one key are made of the same bits. Here a coin and some noise are drawn with one. Each by itself is
# perfect: half of the coins are 1, and the noise is uniform. Look at the noise of each coin by itself:


# %%
def noise_by_coin(coin_key, noise_key):
    coins = random.bernoulli(coin_key, 0.5, (20_000,))
    noise = random.uniform(noise_key, (20_000,))
    return [round(noise[coins == coin].mean().item(), 3) for coin in (False, True)]


print("two keys", noise_by_coin(*random.split(random.key(1))))
print("one key ", noise_by_coin(random.key(1), random.key(1)))

# %% [markdown]
# A coin is a uniform number that is below one half. With one key it is *the same* uniform number, and the coin tells
# you the half in which the noise lies. No statistic of the coins or of the noise alone will ever show it. A picture of
# both does. This is continuous XOR with one key for corners and noise:

# %% alt="Four clouds of points, none of which reaches beyond the unit square: at each corner the noise has moved all points inwards only, so that the corner itself is a sharp edge of its cloud."
key = random.key(0)
corners = random.bernoulli(key, 0.5, (400, 2)).long()
plot.samples(corners + 0.15 * random.normal(key, (400, 2)), data.xor_labels(corners))

# %% [markdown]
# Not one of 800 coordinates lies outside the square: where the corner is 1 the noise is negative, and where it is 0
# positive. A network that learns from this never sees a point outside, where three of four belong. Keys that come from
# one split, each used once, are independent; of anything else nothing is promised.
#
# ### What a global seed cannot do
#
# `torch.manual_seed(0)` at the top makes a program repeatable, as long as nothing in it changes. Add one draw, anywhere
# before, and everything after it is different:


# %%
def experiment(extra_draw):
    torch.manual_seed(0)
    points = torch.rand(2)
    if extra_draw:
        torch.rand(1)  # somebody logs a random example, say
    return points, torch.rand(2)


print("without", experiment(False))
print("with   ", experiment(True))

# %% [markdown]
# With keys that cannot happen. Each draw names its own key, and a draw that is added takes one that nobody else has:


# %%
def experiment_with_keys(extra_draw):
    points_key, start_key, log_key = random.split(random.key(0), 3)
    if extra_draw:
        random.uniform(log_key)
    return random.uniform(points_key, (2,)), random.uniform(start_key, (2,))


print(all(torch.equal(a, b) for a, b in zip(experiment_with_keys(False), experiment_with_keys(True), strict=True)))

# %% [markdown]
# And since a key is a tensor, a thousand data sets are one `vmap` over a thousand keys. A generator with a state could
# not be mapped: whose turn would it be?

# %%
many = torch.func.vmap(lambda key: data.continuous_xor(key, 50, 0.1)[0])(random.split(random.key(3), 1000))
print(tuple(many.shape))

# %% [markdown]
# ## Batches
#
# A step of training looks at one *batch*: enough examples for a fair idea of the gradient, few enough to be quick. It
# is fair only if the batch is a random sample, and data seldom comes in random order. Here are 400 labels, sorted by
# class, and the fraction of ones in each batch of 128, before and after shuffling:

# %%
by_class = y.sort().values.float()
order = random.permutation(random.key(4), 400)
print("sorted  ", [round(part.mean().item(), 2) for part in by_class.split(128)])
print("shuffled", [round(part.mean().item(), 2) for part in by_class[order].split(128)])

# %% [markdown]
# Each sorted batch would teach the network that nearly all labels are the same, and the next one the opposite. So every
# epoch has a new random order. Draw a *permutation* for it, not so many random indices: those would repeat some
# examples and leave out others (more than a third of them). Apply the *same* order to `x` and `y`, and cut:

# %%
order = random.permutation(random.key(4), 10)
print("order    ", order)
print("cut by 4 ", [part.tolist() for part in order.split(4)])

# %%
batches = data.minibatches(random.key(4), x, y, batch_size=128)
print([len(x_batch) for x_batch, _ in batches])
print("whole ones only:", [len(x_batch) for x_batch, _ in data.minibatches(random.key(4), x, y, 128, drop_last=True)])

# %% [markdown]
# The last batch is shorter, unless the size divides the number of examples. Dropping it keeps all shapes equal, which
# some compilers like, and leaves out examples, other ones each epoch. Its loss is a mean over fewer examples: weigh it
# by its size when you average ([lesson 8](08-training.md)).
#
# ## Dataset and DataLoader
#
# PyTorch's own form is a pair of objects. A `Dataset` knows its length and gives *one* example, by number. A
# `DataLoader` chooses numbers, collects examples into batches, and can do so in processes beside your program.
#
# The examples need not exist before they are asked for. This data set holds a key, and makes example `index` when its
# turn comes. It is a pure function of the number, so it is the same one in every epoch and in every process:


# %%
class OnDemand(Dataset):
    def __init__(self, key, size):
        self.key, self.size = key, size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if index >= self.size:
            raise IndexError(index)
        x, y = data.continuous_xor(random.fold_in(self.key, index), 1, 0.1)
        return x[0], y[0]


# %%
on_demand = OnDemand(random.key(0), 10)
print(on_demand[7], on_demand[7])
print("a loop ends by itself:", sum(1 for _ in on_demand))
x_batch, y_batch = next(iter(DataLoader(on_demand, batch_size=4)))
print("a batch:", tuple(x_batch.shape), tuple(y_batch.shape), y_batch.dtype)

# %% [markdown]
# The loop ends because of the `IndexError`: Python asks for number 0, 1, 2, ... until one comes. The batch is made by
# `default_collate`, which stacks tensors with a new first axis and makes tensors of numbers.
#
# [`XORDataset`][xorfunc.data.XORDataset] draws all its points at the start, and is what the rest of this lesson loads:

# %%
dataset = data.XORDataset(random.key(0), size=1000)
loader = DataLoader(dataset, batch_size=128, shuffle=True, generator=torch.Generator().manual_seed(4))
print(len(dataset), "examples,", len(loader), "batches of", [len(y_batch) for _, y_batch in loader])

# %% [markdown]
# | option | what it does | when |
# |---|---|---|
# | `batch_size=` | examples collected into one batch | always |
# | `shuffle=True` | a new order each epoch | for training, not for evaluation |
# | `generator=` | where that order comes from; otherwise the global state | whenever it should repeat |
# | `drop_last=True` | leaves out a shorter last batch | where shapes must be equal |
# | `num_workers=n` | n processes call `__getitem__` ahead of time | where an example costs time: a file, an image |
# | `pin_memory=True` | batches in memory that a GPU can copy while it computes | with a GPU, and `.to(device, non_blocking=True)` |
# | `persistent_workers=True` | keeps the processes from epoch to epoch | with workers, many short epochs |
# | `collate_fn=` | how examples become a batch | for examples of different sizes |
#
# Workers change who does the work, and nothing else: batches come in the same order, whoever finishes first.


# %%
def labels_of_an_epoch(num_workers):
    generator = torch.Generator().manual_seed(4)
    loader = DataLoader(dataset, batch_size=128, shuffle=True, generator=generator, num_workers=num_workers)
    return torch.cat([y_batch for _, y_batch in loader])


print("two workers, the same epoch:", torch.equal(labels_of_an_epoch(0), labels_of_an_epoch(2)))

# %% [markdown]
# For continuous XOR the machinery costs far more than the data: each example is a Python call, and each batch is
# stacked from its examples. Workers make it slower still, since they have to be started and every batch has to travel
# between processes. Arrays and a permutation do the same in two indexing operations:

# %%
from xorfunc.devices import timed

by_loader = timed(lambda: list(DataLoader(dataset, batch_size=128, shuffle=True)))
by_key = timed(lambda: data.minibatches(random.key(4), dataset.x, dataset.y, 128))
print("an epoch's batches by key are faster:", by_key.median < by_loader.median)

# %% [markdown]
# By how much depends on the machine. On two cores, roughly, with the time by key as 1:
#
# | examples | by key | DataLoader | with 2 workers |
# |---|---|---|---|
# | 1,000 | 1 (2 ms) | 4 | 90 |
# | 100,000 | 1 (30 ms) | 20 | 30 |
#
# | | arrays and keys | DataLoader |
# |---|---|---|
# | data | fits into memory | may be files, a stream, a database |
# | order | a pure function of a key: any epoch again, alone | a generator's state: replay all epochs before |
# | under `vmap`, in a compiled loop | yes | no: it is Python |
# | augmentation, other processes | you write them | there |
#
# Use arrays while the data fits. Use a `DataLoader` where it does not, or where examples are expensive to make. The
# training step does not care: it sees a pair of tensors.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a key used twice"
#     `corners = random.bernoulli(key, ...)` and `noise = random.normal(key, ...)` depend on each other, and nothing
#     says so. (With `randint` in the first place it does not show, as that splits the key inside; do not count on it.)
#     Split first. A rule that helps: a key's name appears once on a right-hand side.
#
# !!! warning "Pitfall: an int for a key"
#     `random.normal(0, (2,))` raises `TypeError: key=0: a key is an int64 tensor of shape [2]. Make one with
#     xorfunc.random.key(seed).` And all keys of a split at once give `ValueError: key of shape (2, 2): these are many
#     keys, one has shape [2].` Unpack them.
#
# !!! warning "Pitfall: x and y in different orders"
#     `x[random.permutation(k1, n)], y[random.permutation(k2, n)]` pairs every point with somebody's label. The loss
#     stays at 0.693, and everything looks right. One permutation, used twice.
#
# !!! warning "Pitfall: labels from the noisy points"
#     `xor(x > 0.5)` is another problem: one without noise in its labels, that a network can solve completely. Take the
#     labels from the corners.
#
# !!! warning "Pitfall: the standard deviation is not the variance"
#     Noise is `std * normal(...)`, not `std**2` or `std**0.5` times it. At 0.1 the one is too small by a factor of ten,
#     the other too large by three, and only a look at the picture, or at `x.std()` around one corner, tells.
#
# !!! warning "Pitfall: randint leaves out its upper bound"
#     `random.randint(key, shape, 0, 1)` gives zeros only. Bits are from 0 up to 2.
#
# !!! warning "Pitfall: a Dataset that wraps around"
#     If `__getitem__` takes indices past the end (`index % len(self)`), then `for x, y in dataset` never stops: Python
#     asks until an `IndexError` comes. A tensor raises it by itself: `IndexError: index 1000 is out of bounds for
#     dimension 0 with size 1000`.
#
# !!! warning "Pitfall: items drawn from the global state"
#     With `torch.randn` in `__getitem__`, example 7 is another one each time, and depends on the number of workers.
#     Draw in `__init__`, or from `fold_in(key, index)`.
#
# !!! warning "Pitfall: a DataLoader moves the global state"
#     Every `iter(loader)` draws a number from torch's global generator, even without `shuffle`: put an evaluation in
#     the middle of a training, and the training changes. With `generator=` it draws from that one instead.
#
# !!! warning "Pitfall: float64 from NumPy and Python"
#     Their floats are float64, and `default_collate` keeps that. An item like `np.array([0.3, 0.9])` then meets float32
#     weights: `RuntimeError: mat1 and mat2 must have the same dtype, but got Double and Float`. Give float32 tensors.
#
# !!! warning "Pitfall: pin_memory without a GPU"
#     It does nothing but say so: `UserWarning: 'pin_memory' argument is set as true but no accelerator is found, then
#     device pinned memory won't be used.` Write `pin_memory=torch.cuda.is_available()`.
#
# !!! warning "Pitfall: workers and a notebook's own class"
#     On macOS and Windows a worker is a fresh Python that must *import* the class of your data set. One defined in a
#     notebook cannot be imported (`AttributeError: Can't get attribute 'OnDemand' on <module '__main__' (built-in)>`):
#     put it into a file.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: 400 examples, batches of 128. How many steps has an epoch, with and without drop_last, and how many examples are left out?"
#     Four steps, the last with 16 examples; or three, and 16 examples are left out.
#
# ??? question "Quiz: You draw 1000 indices with randint from 1000 examples, instead of a permutation. How many examples does an epoch never see?"
#     Each is missed with probability $(1 - 1/1000)^{1000} \approx 1/e$: about 368 of them.
#
# ??? question "Quiz: `k1, k2 = split(key)`, then `normal(key)` and `normal(k1)`. What is wrong?"
#     `key` was used up by `split`: the first number of `normal(key)` and the key `k1` are made of the same random
#     block. Here nobody would notice. The rule is cheap, and finding the case where it matters is not.
#
# ??? question "Quiz: How would you repeat epoch 57 alone?"
#     With keys: `minibatches(fold_in(key, 57), x, y, batch_size)`. With a loader: run the 56 epochs before it.

# %% [markdown]
# ## Exercise
#
# Three functions and a class. Nothing may touch the global random state.

# %% [markdown]
# `xor_labels` gives the exclusive or of the two bits of each row. Bits and labels are int64, `[N, 2]` and `[N]`.

# %% tags=["student"] function="xor_labels"

# %% [markdown]
# `continuous_xor` draws the data: corners and noise, so two draws, so two keys. The labels are those of the corners;
# with `std=0` the points are the corners themselves.

# %% tags=["student"] function="continuous_xor"

# %% [markdown]
# `minibatches` gives a list of pairs: all examples in an order that the key decides, each `x` with its own `y`. The
# last batch is shorter where the numbers do not divide, or left out with `drop_last`, and only then.

# %% tags=["student"] function="minibatches"

# %% [markdown]
# `XORDataset` is the same data in PyTorch's form, drawn once at the start. An item is a point `[2]` with its label
# `[]`; past the end there is an `IndexError`.

# %% tags=["student"] function="XORDataset"

# %% tags=["check"]
from checker import check

check("exercise4")

# %% [markdown]
# ## Where to read on
#
# [Lesson 5](05-model.md) builds the network that this data needs, [lesson 8](08-training.md) runs over batches, epoch
# after epoch, and [lesson 12](12-ensembles.md) splits one key for a thousand networks. All draws are in
# [`xorfunc.random`][xorfunc.random], the data in [`xorfunc.data`][xorfunc.data].
