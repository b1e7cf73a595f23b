# %% [markdown]
# # Where the numbers live, and how long it takes
#
# The same code runs on a CPU and on a GPU, if it says once where tensors live and nowhere else assumes it. What changes
# is the meaning of "how long", and, in the last digits, the result. This lesson works on a machine without a GPU; where
# one would make a difference, the text says which.

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
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from xorfunc import data, devices, model, plot, random

torch.set_num_threads(1)

# %%
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
# No function of this course names a device, and so all of them run on any. The keys of [lesson 4](04-data.md) draw
# where they live: a key on the GPU gives numbers on the GPU, and since they come from integer arithmetic, uniform ones
# are the *same* numbers, normal ones the same to rounding. PyTorch's own generators give others on each device.
#
# !!! note
#     `"cuda"` is an NVIDIA GPU, or with the build for ROCm one of AMD. A Mac has `"mps"` instead, which knows no
#     float64; the course stays on the CPU there, and is fast enough. With several GPUs `"cuda:1"` is the second one.
#
# ### A default device
#
# `with torch.device(...):` changes where *new* tensors are made, as long as the block lasts, and
# `torch.set_default_device(...)` for good. To see what that does on any machine, here is `"meta"`, a device whose
# tensors have shapes and no numbers:

# %%
with torch.device("meta"):
    print("zeros      ", torch.zeros(3).device)
    print("zeros_like ", torch.zeros_like(x).device)
    print("from_numpy ", torch.from_numpy(np.zeros(3)).device)
print("afterwards ", torch.zeros(3).device)

# %% [markdown]
# Only what is made from nothing follows the default: `zeros_like` stays with its tensor, and an array of NumPy is
# shared where it lies. JAX has the same, `with jax.default_device(device):`.
#
# This is handy in a notebook, and good for building a large module right where it will live. In a library it is a
# global variable like any other: code that worked stops working because of a line in another file. Say
# `device=x.device`.
#
# ## Moving
#
# | | moves | in place? |
# |---|---|---|
# | `x.to(device)` | gives a tensor there | no: `x` stays where it was |
# | `x.to(torch.float64)` | gives a tensor of that dtype, on the same device | no |
# | a dict of parameters | each leaf: `{n: p.to(device) for n, p in params.items()}` | no: a new dict |
# | `module.to(device)` | all parameters and buffers | **yes**, and gives the module |

# %%
moved = x.to("meta")
print("x is on", x.device, "| moved is on", moved.device)
module = model.LogitPredictor(2, 4, 1)
weight = module.linear_h.weight
gives = module.to(torch.float64)
print("the same module:", gives is module, "| the same Parameter:", module.linear_h.weight is weight, weight.dtype)

# %% [markdown]
# So `x.to(device)` on a line of its own does nothing, and `module.to(device)` on a line of its own does everything. A
# module keeps its Parameter objects and changes what they hold, so an optimizer that knows them goes on.
#
# Where nothing has to be done, nothing is copied, and you get the very tensor that you had. A function that moves its
# argument and then writes into it writes into the caller's tensor on a CPU, and into a copy on a GPU:

# %%
print("a copy?", x.to(x.device) is not x, "| with copy=True:", x.to(x.device, copy=True) is not x)

# %% [markdown]
# Two tensors on two devices do not meet:

# %% tags=["raises-exception"]
model.affine(torch.ones(4, 2), torch.ones(4), moved)

# %% [markdown]
# With a GPU the message begins `RuntimeError: Expected all tensors to be on the same device, but` and names both. Look
# for the tensor that was made *inside* a function, without `device=`. (A scalar tensor, of shape `[]`, on the CPU is
# the exception: it may meet any device.)
#
# A move between the CPU's memory and the GPU's is slow: tens of gigabytes a second at best, where a GPU reads its own
# memory at hundreds to thousands. `loss.item()` is a move too, of one number, and it makes Python wait until everything
# queued before is done. In a loop it undoes what the GPU is for: collect losses as tensors, and look at them at the
# end.
#
# ## Honest timing
#
# A GPU works while Python goes on. `a @ b` *queues* the product and returns at once. A clock that is read then has
# measured the queueing. A thread with a queue shows the same on any machine; here its work is to sleep for 0.3 seconds:

# %%
queue = ThreadPoolExecutor(max_workers=1)
start = time.perf_counter()
work = queue.submit(time.sleep, 0.3)
queued = time.perf_counter() - start
work.result()  # wait until it is done
print(f"queued after {queued:.1f} s, done after {time.perf_counter() - start:.1f} s")

# %% [markdown]
# For a GPU the waiting is called `torch.cuda.synchronize()`:
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
# (`time.process_time()` stands still while Python waits.) Wait once *before* the first reading as well, or you pay for
# what others have queued. JAX queues on a CPU, too; PyTorch does so on a GPU only.
#
# ### One measurement is none
#
# Here are twenty calls of one product, of two 256-by-256 matrices, in a fresh process, in microseconds. They were
# recorded on two cores of a machine that had other work as well, as yours has:

# %%
calls = [736, 294, 362, 257, 240, 233, 230, 4519, 307, 300, 338, 304, 276, 316, 352, 342, 385, 24864, 315, 243]
print("mean", statistics.mean(calls), "| median", statistics.median(calls), "| least", min(calls))
print("median without the first", statistics.median(calls[1:]))

# %% [markdown]
# The first call is special: memory is reserved, caches are cold, kernels are chosen or compiled. Twice the machine did
# something else, once for 24 milliseconds. The mean, nearly six times the median, is the time of no call at all; it
# tells of the interruptions. The least is what happens when everything goes well. So warm up, repeat, and take the
# *median*.
#
# [`devices.timed`][xorfunc.devices.timed] does all of it. Two programs are compared *in turns*
# ([`interleaved`][xorfunc.devices.interleaved]), and what counts is the ratio round by round: if the machine is slow
# for a while, it is slow for both.

# %%
a, b = random.normal(random.key(0), (256, 256)), random.normal(random.key(1), (256, 256))
pair = {
    "one product": lambda: a @ b,
    "row by row": lambda: torch.stack([row @ b for row in a]),
}
timings = devices.interleaved(pair, rounds=5)
print("row by row takes more than 3 times as long:", timings["row by row"].ratio_to(timings["one product"]) > 3)

# %% [markdown]
# ### When a GPU pays
#
# Starting a kernel on a GPU costs several microseconds, whatever is in it; a product of two 4-by-4 matrices takes less
# than two on a CPU, call and all. So a GPU is *slower* for small work and many times faster for large, and the course's
# network, with its seventeen parameters, is small work. Here is the time of a product against its size, on this
# machine's devices:

# %% alt="The time of a matrix product against its size, on two logarithmic axes: nearly flat for small matrices, where the call itself costs most, then rising with the cube of the size."
sizes = [4, 8, 16, 32, 64, 128, 256, 512]
squares = {place: [torch.ones(n, n, device=place) for n in sizes] for place in dict.fromkeys(["cpu", str(device)])}
seconds = {
    place: [devices.timed(lambda m=m: m @ m, warmup=3, repeats=15).median for m in matrices]
    for place, matrices in squares.items()
}
plot.matmul_times(sizes, seconds)

# %% [markdown]
# There is a line for each device that the machine has, so without a GPU there is that of the CPU alone. With one, see
# where the two lines cross: from that size on, moving pays. The flat part at the left is overhead, and on a GPU it is
# higher and reaches further to the right. The answer to small work is not a faster device but *more work a call*:
# larger batches, or a thousand networks at once ([lesson 12](12-ensembles.md)).
#
# ## Making a run repeat
#
# With keys a function of this course repeats by itself. Most other code draws from global states, and there are several
# of them. `seed_everything` sets them all:


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
# | NumPy's global one | `np.random.seed(seed)`; a `default_rng(seed)` is another one |
# | Python's own | `random.seed(seed)` |
# | workers of a `DataLoader` | their `generator=`, and `worker_init_fn=` for NumPy |
#
# ### Why keys are better
#
# A global state makes a *program* repeat, and nothing smaller. Whoever draws one number more shifts all that come
# after, in other people's code too. What a key gives depends on the key alone:

# %%
for extra_draws in (0, 1):
    devices.seed_everything(0)
    for _ in range(extra_draws):
        torch.rand(1)
    print("global", torch.rand(1), "| by a key", random.uniform(random.key(0), (1,)))

# %% [markdown]
# So seed for the sake of other people's code, once, at the rim; and hand keys to your own.
#
# ### The same numbers, added in another order
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
# | `torch.use_deterministic_algorithms(True)` | what cannot repeat raises an error; for products on a GPU it wants the environment variable `CUBLAS_WORKSPACE_CONFIG=:4096:8` |
#
# The first two are set by `seed_everything`; all of them cost time.
#
# What repeats then repeats *on this machine with these versions*. Another GPU, another number of threads, another
# release of torch adds in another order. Between machines compare to a tolerance: $10^{-4}$ relative over a hundred
# epochs is what this project asks of itself, against JAX as well.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: `x.to(device)` and its result dropped"
#     `x.to("cuda")` alone does nothing to `x`. Keep what it gives: `x = x.to(device)`. And a dict has no method of that
#     name: `AttributeError: 'dict' object has no attribute 'to'`.
#
# !!! warning "Pitfall: a new tensor without a device"
#     `torch.zeros(len(x))` is made on the CPU. On a machine without a GPU nobody notices. Write `device=x.device`, or
#     `torch.zeros_like(x)`.
#
# !!! warning "Pitfall: `.cuda()` in a function"
#     It ties the function to one kind of machine. Without a GPU it raises `AssertionError: Torch not compiled with CUDA
#     enabled`, or, where torch knows CUDA and finds no GPU, a `RuntimeError` about the driver. Take a device as an
#     argument.
#
# !!! warning "Pitfall: synchronise without a GPU"
#     `torch.cuda.synchronize()` raises the same two errors. Ask the tensor: `if a.is_cuda:`.
#
# !!! warning "Pitfall: waiting after the clock"
#     Reading the clock and then synchronising measures the queue with more ceremony. Wait first.
#
# !!! warning "Pitfall: `tensor.numpy()` of a tensor on the GPU"
#     `TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory
#     first.` Do so outside of loops: it is a move, and it waits.
#
# !!! warning "Pitfall: `leaf.data = leaf.data.to(device)`"
#     It moves the caller's own tensors. Make a new dict.
#
# !!! warning "Pitfall: three digits on a GPU"
#     `torch.set_float32_matmul_precision("high")` lets a GPU multiply float32 with a shorter fraction (TF32: ten bits
#     instead of twenty-three). Convolutions do so without being asked. That is fast, and comparisons to $10^{-6}$ fail.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: On a GPU a loop of 1000 steps takes 0.1 s without `loss.item()` and 1 s with it. Which is true?"
#     Neither tells all. Without it Python only queued the steps, and the clock stopped before they were done: the 0.1 s
#     are wrong. With it every step is waited for. Synchronise at the end of the first loop, and you will see the fair
#     difference.
#
# ??? question "Quiz: Your function makes a mask with `torch.arange(n)`. Where may it fail, and what is the smallest repair?"
#     On a GPU, where mask and input are on two devices. `torch.arange(n, device=x.device)`.
#
# ??? question "Quiz: You measured 20 calls: 19 take 1 ms and one takes 101 ms. What are mean and median?"
#     6 ms and 1 ms. The mean tells of the interruption, the median of the call.
#
# ??? question "Quiz: `seed_everything(0)` was called, and two runs on two GPUs differ in the sixth digit. Is something broken?"
#     No. Sums were added in another order. If they differed in the second digit after one step, something would be.

# %% [markdown]
# ## Exercise
#
# Four functions. They are judged in full on a machine without a GPU as well, with tensors that pretend to be on one;
# the report says where that was done.

# %% [markdown]
# `pick_device` asks what is there, and gives a `torch.device`, not a string.

# %% tags=["student"] function="pick_device"

# %% [markdown]
# `to_device` gives a new dict of the same names and dtypes. The old one and its tensors stay where they were.

# %% tags=["student"] function="to_device"

# %% [markdown]
# `seed_everything` seeds what is global: torch on every device, NumPy and Python. It also sets the two flags of cuDNN.

# %% tags=["student"] function="seed_everything"

# %% [markdown]
# `timed_matmul` gives the product and its time in seconds, by a clock that only goes forward. It waits for a GPU before
# the clock is read again, and only where there is something to wait for.

# %% tags=["student"] function="timed_matmul"

# %% tags=["check"]
from checker import check

check("exercise11")

# %% [markdown]
# ## Where to read on
#
# [Lesson 12](12-ensembles.md) gives a device enough to do. [The race](../race.md) is timed as this lesson says, and
# [`xorfunc.devices`][xorfunc.devices] holds the functions that it uses. On a machine with a GPU, `xor-check all` makes
# the inputs of every exercise there (`--device cpu` does not), and so shows you whether your earlier functions follow
# theirs.
#
# - [PyTorch on CUDA](https://docs.pytorch.org/docs/stable/notes/cuda.html), with the rules of waiting and of TF32, and
#   [on reproducibility](https://docs.pytorch.org/docs/stable/notes/randomness.html).
# - [JAX on asynchronous dispatch](https://docs.jax.dev/en/latest/async_dispatch.html).
