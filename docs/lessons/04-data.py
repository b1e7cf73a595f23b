# %% [markdown]
# # Data that a key decides
#
# Learning needs examples, an order to see them in, and pieces to see at a time. All three are drawn at random, and who draws
# decides whether a training can ever be repeated. This lesson makes the data of the course from keys, cuts it into batches,
# and shows the same with PyTorch's `Dataset` and `DataLoader`.

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
# *Exclusive or* asks of two bits whether they differ. The continuous form asks it of points in the plane. Each point begins
# at a corner of the unit square and is moved by a little noise; its label is the exclusive or of the *corner's* bits:
#
# $$ c \sim \text{uniform on } \{0, 1\}^2, \qquad x = c + \text{std} \cdot \varepsilon, \quad \varepsilon \sim N(0, I), \qquad
#    y = c_1 \oplus c_2 $$

# %%
import torch
from torch.utils.data import DataLoader, Dataset

from xorfunc import data, plot, random

x, y = data.continuous_xor(random.key(0), size=400, std=0.15)
print("x", tuple(x.shape), x.dtype, " y", tuple(y.shape), y.dtype)
print(x[:3], y[:3])

# %% alt="Four clouds of points around the corners of the unit square: class 0 at the lower left and the upper right, class 1 at the two others. The clouds do not touch."
plot.samples(x, y)

# %% [markdown]
# The label belongs to the corner, not to the point. With more noise a point may wander into the territory of another corner
# and keeps its label. Then no classifier can be right everywhere, and a good one does not try:

# %% alt="The same with much larger noise: four clouds that overlap in the middle, with points of each class deep in the other's region."
x_noisy, y_noisy = data.continuous_xor(random.key(0), size=400, std=0.4)
plot.samples(x_noisy, y_noisy)

# %% [markdown]
# Why this data? It is the smallest problem that a linear model cannot solve ([lesson 5](05-model.md)), and its two
# coordinates can be drawn, so that you see what a network has learned.
#
# ## Keys
#
# A random number generator of the usual kind has a hidden state. Every draw changes it, so that what you get depends on
# everything that was drawn before, by anybody. A **key** is the opposite: a tensor of two integers, and drawing is a *pure
# function* of it. The same key gives the same numbers, always; other numbers need another key.

# %%
key = random.key(42)
print(key, random.normal(key, (3,)))
print("again the same:", random.normal(key, (3,)))

# %% [markdown]
# New keys come from old ones. `split` makes several, `fold_in` makes one from a key and a number, such as that of an epoch.
# The old key is then used up: draw with it *or* split it, not both.
#
# === "torch"
#
#     ```python
#     from xorfunc import random
#
#     key = random.key(42)
#     corner_key, noise_key = random.split(key)
#     epoch_key = random.fold_in(key, epoch)
#     e = random.normal(noise_key, (100, 2))
#     ```
#
# === "JAX"
#
#     ```python
#     from jax import random
#
#     key = random.key(42)
#     corner_key, noise_key = random.split(key)
#     epoch_key = random.fold_in(key, epoch)
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
# The functions are named as in JAX, and the *numbers* are JAX's as well: integers and uniforms bit for bit, normals to
# $10^{-5}$. So a training can be repeated in the other framework, and this project's tests do that.

# %%
print(random.bits(random.key(0), (2,)), random.uniform(random.key(0), (2,)))

# %% [markdown]
# ### One key for two draws
#
# Two draws with one key are made of the same bits. Here a coin and some noise are drawn with it. Each by itself is perfect:
# half of the coins are 1, and the noise is uniform. Look at the noise of each coin by itself:


# %%
def noise_by_coin(coin_key, noise_key):
    coins = random.bernoulli(coin_key, 0.5, (20_000,))
    noise = random.uniform(noise_key, (20_000,))
    return [round(noise[coins == coin].mean().item(), 3) for coin in (False, True)]


print("two keys", noise_by_coin(*random.split(random.key(1))))
print("one key ", noise_by_coin(random.key(1), random.key(1)))

# %% [markdown]
# A coin is a uniform number that is below one half. With one key it is *the same* uniform number, and the coin tells you the
# half in which the noise lies. No statistic of the coins or of the noise alone will ever show it. Keys that come from one
# split, each used once, are independent; of anything else nothing is promised.
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
# And since a key is a tensor, a thousand data sets are one `vmap` over a thousand keys. A generator with a state could not be
# mapped: whose turn would it be?

# %%
many = torch.func.vmap(lambda key: data.continuous_xor(key, 50, 0.1)[0])(random.split(random.key(3), 1000))
print(tuple(many.shape))

# %% [markdown]
# ## Batches
#
# An epoch sees each example once. So draw a *permutation*, not a thousand indices: those would repeat some examples and leave
# out others (a third of them, in fact). Apply the *same* order to `x` and `y`, and cut:

# %%
order = random.permutation(random.key(4), 10)
print("order    ", order)
print("cut by 4 ", [part.tolist() for part in order.split(4)])

# %%
batches = data.minibatches(random.key(4), x, y, batch_size=128)
print([len(x_batch) for x_batch, _ in batches])
print("whole ones only:", [len(x_batch) for x_batch, _ in data.minibatches(random.key(4), x, y, 128, drop_last=True)])

# %% [markdown]
# The last batch is shorter, unless the size divides the number of examples. Dropping it keeps all shapes equal, which some
# compilers like, and leaves out examples, other ones each epoch. Its loss is a mean over fewer examples: weigh it by its
# size when you average ([lesson 8](08-training.md)).
#
# ## Dataset and DataLoader
#
# PyTorch's own form is a pair of objects. A `Dataset` knows its length and gives *one* example, by number. A `DataLoader`
# chooses numbers, collects examples into batches, and can do so in processes beside your program.


# %%
class Points(Dataset):
    def __init__(self, key, size, std):
        self.x, self.y = data.continuous_xor(key, size, std)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


points = Points(random.key(0), 400, 0.15)
print(len(points), points[0])

# %%
loader = DataLoader(points, batch_size=128, shuffle=True, generator=torch.Generator().manual_seed(4))
x_batch, y_batch = next(iter(loader))
print(len(loader), "batches; the first:", tuple(x_batch.shape), tuple(y_batch.shape), y_batch.dtype)

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
# For continuous XOR the machinery costs far more than the data: each example is a Python call, and each batch is stacked from
# its examples. Workers would make it slower still, since every batch has to travel between processes. Arrays and a
# permutation do the same in two indexing operations:

# %%
from xorfunc.devices import timed

by_loader = timed(lambda: [None for _ in DataLoader(points, batch_size=128, shuffle=True)])
by_key = timed(lambda: data.minibatches(random.key(4), points.x, points.y, 128))
print("an epoch's batches by key are faster:", by_key.median < by_loader.median)

# %% [markdown]
# | | arrays and keys | DataLoader |
# |---|---|---|
# | data | fits into memory | may be files, a stream, a database |
# | order | a pure function of a key: any epoch again, alone | a generator's state: from the start, or not at all |
# | under `vmap`, in a compiled loop | yes | no: it is Python |
# | augmentation, other processes | you write them | there |
#
# Use arrays while the data fits. Use a `DataLoader` where it does not, or where examples are expensive to make. The training
# step does not care: it sees a pair of tensors.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a key used twice"
#     `bits = random.randint(key, ...)` and `noise = random.normal(key, ...)` depend on each other, and nothing says so. Split
#     first. A rule that helps: a key's name appears once on a right-hand side.
#
# !!! warning "Pitfall: an int for a key"
#     `random.normal(0, (2,))` raises `TypeError: key=0: a key is an int64 tensor of shape [2]. Make one with
#     xorfunc.random.key(seed).`
#
# !!! warning "Pitfall: x and y in different orders"
#     `x[random.permutation(k1, n)], y[random.permutation(k2, n)]` pairs every point with somebody's label. The loss stays at
#     0.693, and everything looks right. One permutation, used twice.
#
# !!! warning "Pitfall: labels from the noisy points"
#     `xor(x > 0.5)` is another problem: one without noise in its labels, that a network can solve completely. Take the labels
#     from the corners.
#
# !!! warning "Pitfall: randint leaves out its upper bound"
#     `random.randint(key, shape, 0, 1)` gives zeros only. Bits are from 0 up to 2.
#
# !!! warning "Pitfall: a Dataset that wraps around"
#     If `__getitem__` takes indices past the end (`index % len(self)`), then `for x, y in dataset` never stops: Python asks
#     until an `IndexError` comes. A tensor raises it by itself.

# %% [markdown]
# ## Quizzes
#
# ??? question "400 examples, batches of 128. How many steps has an epoch, with and without drop_last, and how many examples are left out?"
#     Four steps, the last with 16 examples; or three, and 16 examples are left out.
#
# ??? question "You draw 1000 indices with randint from 1000 examples, instead of a permutation. How many examples does an epoch never see?"
#     Each is missed with probability $(1 - 1/1000)^{1000} \approx 1/e$: about 368 of them.
#
# ??? question "`k1, k2 = split(key)`, then `normal(key)` and `normal(k1)`. What is wrong?"
#     `key` was used up by `split`. The draw from it and what is drawn from `k1` are made of the same stream.
#
# ??? question "How would you repeat epoch 57 alone?"
#     With keys: `minibatches(fold_in(key, 57), x, y, batch_size)`. With a loader: run the 56 epochs before it.

# %% [markdown]
# ## Exercise
#
# Three functions and a class. Nothing may touch the global random state.

# %% [markdown]
# `xor_labels` gives the exclusive or of the two bits of each row, as int64.

# %% tags=["student"] function="xor_labels"

# %% [markdown]
# `continuous_xor` draws the data. Two draws need two keys.

# %% tags=["student"] function="continuous_xor"

# %% [markdown]
# `minibatches` shuffles and cuts.

# %% tags=["student"] function="minibatches"

# %% [markdown]
# `XORDataset` is the same data in PyTorch's form.

# %% tags=["student"] function="XORDataset"

# %% tags=["check"]
from checker import check

check("exercise4")

# %% [markdown]
# ## Where to read on
#
# [Lesson 5](05-model.md) builds the network that this data needs, [lesson 8](08-training.md) runs over batches, epoch after
# epoch, and [lesson 12](12-ensembles.md) splits one key for a thousand networks. All draws are in
# [`xorfunc.random`][xorfunc.random], the data in [`xorfunc.data`][xorfunc.data].
