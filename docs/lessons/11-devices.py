# %% [markdown]
# # Where the numbers live, and how long it takes
#
# The same code runs on a CPU and on a GPU, if it says once where tensors live and nowhere else assumes it. What changes is the
# meaning of "how long", and, in the last digits, the result. This lesson works on a machine without a GPU; where one would
# make a difference, the text says which.

# %% [markdown]
# ## What you will be able to do
#
# - choose a device at the rim of a program, and keep every function free of it;
# - move tensors, dicts of parameters and modules, and say which of these happen in place;
# - time work honestly: warm-up, waiting for the device, medians, and comparing in turns;
# - say when a GPU is slower than a CPU, and why;
# - make a run repeat, and say what repeats only on the same machine.

# %% [markdown]
# ## Choosing once
#
# Every tensor has a device, and an operation wants all its tensors on one. So choose at the beginning, make data and
# parameters there, and let functions follow their inputs:

# %%
import random as python_random
import time

import numpy as np
import torch

from xorfunc import data, devices, model, plot, random

device = devices.pick_device()
x, y = data.continuous_xor(random.key(0).to(device), 1000, 0.1)
params = devices.to_device(model.init_params(random.key(1), 2, 4, 1), device)
print("here:", device, "| logits are on", model.logits(params, x).device)

# %% [markdown]
# === "torch"
#
#     ```python
#     device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
#     x = x.to(device)
#     mask = torch.ones(len(x), device=x.device)   # inside a function: where the input is
#     ```
#
# === "JAX"
#
#     ```python
#     device = jax.devices()[0]                    # the GPU, if JAX finds one
#     x = jax.device_put(x, device)
#     mask = jnp.ones(len(x))                      # on the default device
#     ```
#
# The keys of [lesson 4](04-data.md) draw where they live: a key on the GPU gives numbers on the GPU, and they are the *same*
# numbers. PyTorch's own generators give others on each device.
#
# `with torch.device("cuda"):` or `torch.set_default_device` changes where *new* tensors are made. That is handy in a
# notebook. In a library it is a global variable like any other: code that worked stops working because of a line in another
# file. Say `device=x.device`.
#
# ## Moving
#
# | | moves | in place? |
# |---|---|---|
# | `x.to(device)` | gives a tensor there | no: `x` stays where it was. If it is there already, you get `x` itself |
# | `module.to(device)` | all parameters and buffers | **yes**, and gives the module |
# | a dict of parameters | each leaf: `{n: p.to(device) for n, p in params.items()}` | no: a new dict |
# | `x.to(torch.float64)` | changes the dtype, not the device | no |

# %%
moved = x.to("meta")  # a device without numbers, to see on any machine what moving does
print("x is on", x.device, "| moved is on", moved.device)
module = model.LogitPredictor(2, 4, 1)
gives = module.to(torch.float64)
print("the module itself has changed:", gives is module, module.linear_h.weight.dtype)

# %% [markdown]
# Two tensors on two devices do not meet:

# %% tags=["raises-exception"]
model.affine(torch.ones(4, 2), torch.ones(4), moved)

# %% [markdown]
# With a GPU the message is `RuntimeError: Expected all tensors to be on the same device, but found at least two devices,
# cuda:0 and cpu!`. Look for the tensor that was made *inside* a function, without `device=`.
#
# A move across the bus is slow: some ten gigabytes a second, where the GPU itself reads a thousand. `loss.item()` is a move
# too, of one number, and it makes Python wait until everything queued before is done. In a loop it undoes what the GPU is
# for: collect losses as tensors, and look at them at the end.
#
# ## Honest timing
#
# A GPU works while Python goes on. `a @ b` *queues* the product and returns at once. A clock that is read then has measured
# the queueing:
#
# === "wrong on a GPU"
#
#     ```python
#     start = time.time()
#     product = a @ b
#     seconds = time.time() - start
#     ```
#
# === "right"
#
#     ```python
#     start = time.perf_counter()
#     product = a @ b
#     if a.is_cuda:
#         torch.cuda.synchronize()   # wait until it is done
#     seconds = time.perf_counter() - start
#     ```
#
# === "JAX"
#
#     ```python
#     start = time.perf_counter()
#     product = (a @ b).block_until_ready()
#     seconds = time.perf_counter() - start
#     ```
#
# `time.time()` is the clock on the wall: it may be set back while you measure. `time.perf_counter()` only goes forward.
#
# ### One measurement is none
#
# The first call is special: memory is reserved, caches are cold, kernels are chosen or compiled. Later calls differ by
# whatever else the machine is doing. So warm up, repeat, and take the *median*; a mean is spoiled by one interruption, and
# the minimum is a wish:

# %%
torch.set_num_threads(1)
a, b = random.normal(random.key(0), (256, 256)), random.normal(random.key(1), (256, 256))
times = []
for _ in range(200):
    start = time.perf_counter()
    a @ b
    times.append(time.perf_counter() - start)
times = torch.tensor(times)
print("the slowest of 200 took more than twice the median:", bool(times.max() > 2 * times.median()))
print("the mean is above the median:", bool(times.mean() > times.median()))

# %% [markdown]
# [`devices.timed`][xorfunc.devices.timed] does all of it. Two programs are compared *in turns*
# ([`interleaved`][xorfunc.devices.interleaved]), and what counts is the ratio round by round: if the machine is slow for a
# while, it is slow for both.

# %%
pair = {
    "one product": lambda: a @ b,
    "row by row": lambda: torch.stack([row @ b for row in a]),
}
timings = devices.interleaved(pair, rounds=5)
print("row by row takes more than 3 times as long:", timings["row by row"].ratio_to(timings["one product"]) > 3)

# %% [markdown]
# ### When a GPU pays
#
# Starting a kernel costs some ten microseconds, whatever is in it. A product of two 4-by-4 matrices takes less than that on a
# CPU. So a GPU is *slower* for small work and a hundred times faster for large, and the course's network, with its
# seventeen parameters, is small work. Here is the time of a product against its size, on this machine's devices:

# %% alt="The time of a matrix product against its size, on two logarithmic axes: nearly flat for small matrices, where the call itself costs most, then rising with the cube of the size."
sizes = [4, 8, 16, 32, 64, 128, 256, 512]
seconds = {}
for place in {"cpu", str(device)}:
    seconds[place] = []
    for size in sizes:
        m = torch.ones(size, size, device=place)
        seconds[place].append(devices.timed(lambda m=m: m @ m, warmup=3, repeats=9).median)
plot.matmul_times(sizes, seconds)

# %% [markdown]
# The flat part at the left is overhead, and on a GPU it is higher and reaches further to the right. The answer to small work
# is not a faster device but *more work a call*: larger batches, or a thousand networks at once ([lesson 12](12-ensembles.md)).
#
# ## Making a run repeat
#
# With keys a function of this course repeats by itself. Most other code draws from global states, and there are several of
# them. `seed_everything` sets them all:


# %%
def draws():
    return torch.rand(1).item(), float(np.random.rand()), python_random.random()


devices.seed_everything(0)
first = draws()
devices.seed_everything(0)
print("all three repeat:", draws() == first)
torch.manual_seed(0)
torch_alone, *others = draws()
print("torch repeats:", torch_alone == first[0], "| the others:", others == list(first[1:]))

# %% [markdown]
# | state | seeded by |
# |---|---|
# | PyTorch, CPU and every GPU | `torch.manual_seed(seed)` |
# | NumPy's global one | `np.random.seed(seed)` |
# | Python's own | `random.seed(seed)` |
# | workers of a `DataLoader` | their `generator=`, and `worker_init_fn=` for NumPy |
#
# Seeds are not all. On a GPU some operations add numbers in whatever order threads finish, and floating point addition
# depends on order:

# %%
numbers = torch.tensor([1e8, 1.0, -1e8])
print((numbers[0] + numbers[1]) + numbers[2], (numbers[0] + numbers[2]) + numbers[1])

# %% [markdown]
# | flag | does |
# |---|---|
# | `torch.backends.cudnn.benchmark = False` | cuDNN does not choose its algorithm by timing, which differs from run to run |
# | `torch.backends.cudnn.deterministic = True` | it chooses only algorithms that repeat |
# | `torch.use_deterministic_algorithms(True)` | every operation that cannot repeat raises an error |
#
# What repeats then repeats *on this machine with these versions*. Another GPU, another number of threads, another release of
# torch adds in another order. Between machines compare to a tolerance: $10^{-4}$ relative over a hundred epochs is what this
# project asks of itself, against JAX as well.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: `x.to(device)` and its result dropped"
#     `x.to("cuda")` alone does nothing to `x`. Keep what it gives: `x = x.to(device)`. Of a module it *does* move the module.
#
# !!! warning "Pitfall: a new tensor without a device"
#     `torch.zeros(len(x))` is made on the CPU. On a machine without a GPU nobody notices. Write `device=x.device`, or
#     `torch.zeros_like(x)`.
#
# !!! warning "Pitfall: synchronise without a GPU"
#     `torch.cuda.synchronize()` raises on a machine without one: `AssertionError: Torch not compiled with CUDA enabled`. Ask
#     the tensor: `if a.is_cuda:`.
#
# !!! warning "Pitfall: waiting after the clock"
#     Reading the clock and then synchronising measures the queue with more ceremony. Wait first.
#
# !!! warning "Pitfall: `tensor.numpy()` of a tensor on the GPU"
#     `TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.`
#
# !!! warning "Pitfall: an optimizer made before the move"
#     `module.to(device)` keeps its `Parameter` objects, and an optimizer made earlier goes on. Replace parameters
#     (`module.w = nn.Parameter(...)`), and it trains the old ones ([lesson 10](10-checkpoints.md)). Move first.

# %% [markdown]
# ## Quizzes
#
# ??? question "A loop of 1000 steps takes 0.1 s without `loss.item()` and 1 s with it, on a GPU. Why?"
#     Without it Python only queues the steps, and the clock stopped before they were done: the 0.1 s are wrong. With it every
#     step is waited for. Synchronise at the end of the first loop, and you will see the fair difference.
#
# ??? question "Your function makes a mask with `torch.arange(n)`. Where may it fail, and what is the smallest repair?"
#     On a GPU, where mask and input are on two devices. `torch.arange(n, device=x.device)`.
#
# ??? question "You measured 20 calls: 19 take 1 ms and one takes 101 ms. What are mean and median?"
#     6 ms and 1 ms. The mean tells of the interruption, the median of the call.
#
# ??? question "`seed_everything(0)` was called, and two runs on two GPUs differ in the sixth digit. Is something broken?"
#     No. Sums were added in another order. If they differed in the second digit after one step, something would be.

# %% [markdown]
# ## Exercise
#
# Four functions. They are judged in full on a machine without a GPU as well, with tensors that pretend to be on one.

# %% [markdown]
# `pick_device` asks what is there.

# %% tags=["student"] function="pick_device"

# %% [markdown]
# `to_device` gives a new dict, and leaves the old one alone.

# %% tags=["student"] function="to_device"

# %% [markdown]
# `seed_everything` seeds what is global, and sets two flags.

# %% tags=["student"] function="seed_everything"

# %% [markdown]
# `timed_matmul` gives the product and its time, waiting only where there is something to wait for.

# %% tags=["student"] function="timed_matmul"

# %% tags=["check"]
from checker import check

check("exercise11")

# %% [markdown]
# ## Where to read on
#
# [Lesson 12](12-ensembles.md) gives a device enough to do. [The race](../race.md) is timed as this lesson says, and
# [`xorfunc.devices`][xorfunc.devices] holds the functions that it uses.
