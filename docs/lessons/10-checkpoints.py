# %% [markdown]
# # Keep what was learned
#
# A training ends, the process ends, and what was learned is gone unless it lies in a file. This lesson carries
# parameters from a module to a dict, to a file, and back, and says which files can be trusted, what else belongs into
# them, and how a file is replaced so that no power cut can leave half of it.

# %% [markdown]
# ## What you will be able to do
#
# - take a snapshot of a module's parameters that later training cannot change;
# - put parameters back into a module without breaking the optimizer that holds it;
# - tell `state_dict()`, `named_parameters()` and a dict of parameters apart;
# - say why loading a pickle runs somebody's code, and use a format that cannot;
# - write what else a run needs to be repeated or resumed;
# - replace a file so that at any moment the old one or the new one is whole.

# %% [markdown]
# ## Three places
#
# Parameters live in one of three places, and the four functions of this lesson's exercise are the ways between them:
#
# ```mermaid
# flowchart LR
#     M["nn.Module<br>changes in place"] -- module_to_params --> D["dict of tensors<br>a value"]
#     D -- params_to_module --> M
#     D -- save_params --> F[("file<br>outlives the process")]
#     F -- load_params --> D
# ```
#
# ## A snapshot
#
# In the functional style there is nothing to do: the parameters are a dict, nobody changes it, and keeping them is
# keeping a name. In the module style the numbers live *inside*, and training overwrites them in place. So what looks
# like a copy may be a window:

# %%
import json
import os
import tempfile
from pathlib import Path

import torch

from xorfunc import checkpoint, data, likelihood, model, optim, plot, random, step, train

torch.set_num_threads(1)
torch.manual_seed(0)
home, temporary = Path.cwd(), tempfile.TemporaryDirectory()
os.chdir(temporary.name)  # where the files of this lesson lie, as long as it runs


# %%
module = model.LogitPredictor(2, 4, 1)
window = module.state_dict()
snapshot = {name: p.detach().clone() for name, p in module.named_parameters()}

with torch.no_grad():
    module.linear_s.bias += 100  # as a step of an optimizer does
print("module  ", module.linear_s.bias.item())
print("window  ", window["linear_s.bias"].item())
print("snapshot", snapshot["linear_s.bias"].item())

# %% [markdown]
# `detach()` gives a tensor outside of the graph, which still looks into the same memory. `clone()` makes a copy, which
# still belongs to the graph. A snapshot needs both.
#
# | | holds | is |
# |---|---|---|
# | `module.state_dict()` | parameters *and buffers* (a batch norm's running mean) | a window |
# | `module.named_parameters()` | parameters, frozen ones too | the module's own objects |
# | [`module_to_params(module)`][xorfunc.checkpoint.module_to_params] | parameters | copies that require no grad |
#
# So a *state dict* and a *dict of parameters* are nearly the same, and the difference is the buffers: numbers that
# belong to the module without being trained. Batch norm has three of them for each layer, and its parameters alone are
# not enough to predict:

# %%
norm = torch.nn.BatchNorm1d(4)
print("parameters", [name for name, _ in norm.named_parameters()])
print("state dict", list(norm.state_dict()))

# %% [markdown]
# The network of this course has no buffers: there a state dict has the names and the shapes of `params`.
#
# ### And back
#
# The other way has a trap as well. An optimizer holds *references* to the module's `Parameter` objects. Give the module
# new objects, and the optimizer goes on to train the old ones, which nobody uses any more:

# %%
optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
module.linear_s.bias = torch.nn.Parameter(torch.zeros(1))  # a new object
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
print("the optimizer knows the bias:", id(module.linear_s.bias) in held)

# %% [markdown]
# So values are copied *into* what is there: `p.copy_(value)` under `torch.no_grad()`, which is what `load_state_dict`
# does.
#
# ### Strictly
#
# To load *strictly* means: the names that are given and those of the module are the same set, or an error is raised. A
# name too few or too many is nearly always a mistake somewhere else:

# %% tags=["raises-exception"]
incomplete = {name: p for name, p in snapshot.items() if name != "linear_h.bias"}
module.load_state_dict(incomplete)

# %% [markdown]
# `load_state_dict` compares after it has copied, so the module is now half loaded:

# %%
print("the last bias was 0 and is", module.linear_s.bias.item())

# %% [markdown]
# [`params_to_module`][xorfunc.checkpoint.params_to_module] compares first. `strict=False` takes what fits and *returns*
# the rest, which nobody reads. The layer keeps the random numbers it was born with:

# %%
fresh = model.LogitPredictor(2, 4, 1)
born_with = fresh.linear_h.bias.detach().clone()
print(fresh.load_state_dict(incomplete, strict=False))
print("the bias is still random:", torch.equal(fresh.linear_h.bias, born_with))

# %% [markdown]
# A shape that does not fit raises either way. But even strictly, dtypes are not compared: values are converted to what
# the module has. And a name is only a name; if somebody swapped two layers of one shape, no check of this kind can
# tell. So compare one output as well:

# %%
checkpoint.params_to_module(snapshot, module)
x = torch.rand(5, 2)
print("same function:", torch.allclose(module(x), model.logits(snapshot, x)))

# %% [markdown]
# === "functional"
#
#     ```python
#     save_params(params, "model.safetensors")
#     params = load_params("model.safetensors")
#     s = logits(params, x)
#     ```
#
# === "nn.Module"
#
#     ```python
#     torch.save(module.state_dict(), "model.pt")
#     module.load_state_dict(torch.load("model.pt", weights_only=True))
#     s = module(x)
#     ```
#
# === "JAX"
#
#     ```python
#     from safetensors.flax import load_file, save_file
#     save_file(params, "model.safetensors")       # a flat dict of arrays; nested ones are flattened first
#     params = load_file("model.safetensors")
#     s = logits(params, x)
#     ```
#
# ## A file that runs code
#
# `torch.save` writes a zip file with a *pickle* in it. A pickle is not data; it is a little program that builds objects
# again, and one of its instructions is "call this function with these arguments". Any function. Whoever unpickles a
# file does what its author wrote. Here the author is us, and the function is harmless:

# %%
import pickle
import pickletools


class Surprise:
    def __reduce__(self):
        return print, ("this ran while the file was loaded",)


Path("weights.pkl").write_bytes(pickle.dumps(Surprise()))
with Path("weights.pkl").open("rb") as file:
    pickle.load(file)

# %% [markdown]
# Here is the program: push two strings, look up the function that they name, push its arguments, call it (`REDUCE`),
# stop.

# %%
print(*(op.name for op, _, _ in pickletools.genops(Path("weights.pkl").read_bytes()) if op.name != "MEMOIZE"))

# %% [markdown]
# It could as well have been `os.system`. No class of ours was needed to read it: the file names the function, and the
# reader calls it. Looking at what comes out is too late, because by then it has run. Since torch 2.6 `torch.load` is
# careful by default: `weights_only=True` allows tensors and plain containers and refuses everything else. Never pass
# `weights_only=False` for a file that you did not write yourself, whatever an error message suggests.

# %% tags=["raises-exception"]
torch.save({"weights": Surprise()}, "weights.pt")
torch.load("weights.pt")

# %% [markdown]
# **safetensors** goes further: its format has no place for code. A file is a length, a header in JSON (name, dtype,
# shape, where the bytes are), and the bytes. Nothing in it can be called. A few lines read it, in any language:

# %%
params = model.init_params(random.key(0), 2, 4, 1)
checkpoint.save_params(params, "model.safetensors")
raw = Path("model.safetensors").read_bytes()
size = int.from_bytes(raw[:8], "little")
entry = json.loads(raw[8 : 8 + size])["linear_h.weight"]
print(len(raw), "bytes, in the header:", entry)
begin, end = entry["data_offsets"]
flat = torch.frombuffer(bytearray(raw[8 + size :][begin:end]), dtype=torch.float32)
print("read by hand:", torch.equal(flat.reshape(entry["shape"]), params["linear_h.weight"]))

# %%
loaded = checkpoint.load_params("model.safetensors", like=params)
print("to the last bit:", all(torch.equal(loaded[name], p) for name, p in params.items()))

# %% [markdown]
# `like=` says what you expect. A file of another network is then an error with names and shapes in it, instead of a
# surprise ten lines later:

# %% tags=["raises-exception"]
checkpoint.load_params("model.safetensors", like=model.init_params(random.key(0), 2, 8, 1))

# %% [markdown]
# And a file that was cut off says so, rather than giving half of the numbers:

# %% tags=["raises-exception"]
Path("half.safetensors").write_bytes(raw[: len(raw) // 2])
checkpoint.load_params("half.safetensors")

# %% [markdown]
# ## What else belongs into it
#
# Seventeen numbers without a story are hard to use in a year. What made them? In the functional style the answer is
# short, because a training is a function of its arguments: the seed, the sizes, the number of epochs, the rate.
# `save_run` writes them into the file's header, with the versions of this library and of torch:

# %%
about = {"seed": 7, "sizes": [2, 4, 1], "lr": 0.05, "num_epochs": 20, "num_points": 500, "std": 0.1}


def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


# %%
def trained(about):
    data_key, init_key, fit_key = random.split(random.key(about["seed"]), 3)
    x, y = data.continuous_xor(data_key, about["num_points"], about["std"])
    start = model.init_params(init_key, *about["sizes"])
    return train.fit(fit_key, loss_fn, start, x, y, optimizer=optim.adam(about["lr"]), num_epochs=about["num_epochs"])


result = trained(about)
checkpoint.save_run(result.params, about, "run.safetensors")

# %%
run = checkpoint.load_run("run.safetensors")
print(run.about, run.versions)
repeated = trained(run.about)
print("repeated exactly:", all(torch.equal(repeated.params[name], p) for name, p in run.params.items()))

# %% [markdown]
# ### Resuming
#
# To *go on* after epoch 20 you need more than the parameters: everything that the next step reads.
#
# | | why | functional | nn.Module |
# |---|---|---|---|
# | parameters | of course | the dict | `module.state_dict()` |
# | the optimizer's state | momentum and Adam remember | `state`, another tree of tensors | `optimizer.state_dict()` |
# | where in the schedule | the rate depends on it | part of that state | `scheduler.state_dict()` |
# | randomness | the next epoch's order | the key and the number of the epoch | the state of every generator |
# | buffers | running means | arguments like any other | in `module.state_dict()` |
#
# In the functional style the list is the argument list of a step: what is not an argument cannot matter. In the module
# style you have to know where things are hidden. Epoch $e$ takes its order from `fold_in(key, e)`, so of the randomness
# only the key and one number have to be kept:

# %%
data_key, init_key, fit_key = random.split(random.key(7), 3)
points = data.continuous_xor(data_key, 500, 0.1)
start = model.init_params(init_key, 2, 4, 1)
adam = optim.adam(0.05)


def epochs(points, params, state, first, last):
    losses = []
    for epoch in range(first, last):
        for x, y in data.minibatches(random.fold_in(fit_key, epoch), *points, 125):
            params, state, loss = step.optimizer_step(loss_fn, adam, params, state, x, y)
            losses.append(loss)
    return params, state, torch.stack(losses).reshape(-1, 4).mean(1)  # 4 batches an epoch


# %% [markdown]
# Adam's state is a count and two dicts that look like parameters. A file of tensors by name takes all of it, under
# names with a prefix; the number of the next epoch goes into the header:


# %%
def packed(params, state):
    parts = {"params": params, "mean": state.mean, "square": state.square}
    tensors = {f"{part}/{name}": p for part, leaves in parts.items() for name, p in leaves.items()}
    return {**tensors, "num_updates": state.num_updates}


def unpacked(tensors):
    def part(prefix):
        return {name.removeprefix(prefix): p for name, p in tensors.items() if name.startswith(prefix)}

    return part("params/"), optim.AdamState(tensors["num_updates"], part("mean/"), part("square/"))


# %%
params, state, before = epochs(points, start, adam.init(start), 0, 20)
checkpoint.save_run(packed(params, state), {"next_epoch": 20}, "after20.safetensors")

tensors, about, _ = checkpoint.load_run("after20.safetensors")
resumed, _, whole = epochs(points, *unpacked(tensors), about["next_epoch"], 40)
at_once, _, _ = epochs(points, start, adam.init(start), 0, 40)
print("resumed is the same:", all(torch.equal(at_once[name], p) for name, p in resumed.items()))

# %% [markdown]
# To the last bit. And with the parameters alone, and a state that begins anew?

# %%
_, _, alone = epochs(points, params, adam.init(params), 20, 40)
print("epochs 21 to 24 with the state", whole[:4], "without", alone[:4])

# %% alt="Two loss curves over forty epochs on a logarithmic axis. They are one until epoch 20, where both runs are cut and resumed; from there the one with parameters alone falls steeply and ends well below the other."
plot.loss_curves({"with Adam's state": torch.cat([before, whole]), "with parameters alone": torch.cat([before, alone])})

# %% [markdown]
# That is another training. Here it is even the faster one, which is luck, and the reason is worth knowing. Adam's mean
# of squares remembers about a thousand steps, so the large gradients of the beginning still keep its steps short. One
# that has forgotten them goes the full rate in each coordinate at first, whatever the size of the gradient:


# %%
def length(params, state):
    x, y = data.minibatches(random.fold_in(fit_key, 20), *points, 125)[0]
    stepped, _, _ = step.optimizer_step(loss_fn, adam, params, state, x, y)
    return torch.cat([(stepped[name] - p).abs().flatten() for name, p in params.items()]).mean()


print("mean step with the state", length(params, state), "without", length(params, adam.init(params)))

# %% [markdown]
# Where classes overlap there is nothing to win by long steps, and it loses:

# %%
noisy = data.continuous_xor(data_key, 500, 0.3)
params, state, _ = epochs(noisy, start, adam.init(start), 0, 15)
for name, first in {"with the state": state, "without": adam.init(params)}.items():
    print(f"epochs 16 to 19 {name:14}", epochs(noisy, params, first, 15, 19)[2])

# %% [markdown]
# Better or worse, it is no longer the training that your seed and your settings describe, and nobody can repeat it from
# them.
#
# ## Write beside, then rename
#
# `open(path, "wb")` empties the old file at once. If the process is killed before the new one is written, both are
# gone. So write to a file *beside* it, and rename that over the old one when it is complete. Renaming within one file
# system is *atomic*: whoever looks sees the old file or the new one, never half of one. (That is why it lies beside,
# and not in `/tmp`, which may be another file system.)


# %%
def write_whole(path, content):
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # on the disk, not only on its way
    beside.replace(path)


write_whole(Path("model.safetensors"), raw)
print(sorted(file.name for file in Path().glob("*model*")))

# %% [markdown]
# [`save_params`][xorfunc.checkpoint.save_params] does this for you, and takes the file beside away if writing fails. A
# training that saves every few epochs may then be killed at any moment: what it finds when it starts again is whole.

# %%
os.chdir(home)
temporary.cleanup()  # nothing is left behind

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a snapshot that moves"
#     `best = module.state_dict()` at the best epoch is, at the end, the last epoch: a window. `detach()` and `.data`
#     look through it, too. Clone every tensor, or `copy.deepcopy` the dict.
#
# !!! warning "Pitfall: a loop that leaves out names"
#     `if p.requires_grad` in the snapshot drops what is frozen, and `recurse=False` what belongs to submodules. Both
#     are found when the file is loaded, which may be months later.
#
# !!! warning "Pitfall: writing into a leaf"
#     `p.copy_(value)` alone raises `RuntimeError: a leaf Variable that requires grad is being used in an in-place
#     operation.` Put `with torch.no_grad():` around it.
#
# !!! warning "Pitfall: `p.data = value`, and `assign=True`"
#     Both put your tensor itself into the module. Then training the one changes the other. Copy values:
#     `p.copy_(value)`.
#
# !!! warning "Pitfall: a module in a pickle"
#     `torch.save(module, path)` stores where its *class* was found, not the class. Rename or move it, and the file
#     cannot be read. Besides, `torch.load` refuses it until you let it run code. Store parameters, and the sizes to
#     build the module again.
#
# !!! warning "Pitfall: tensors that share memory"
#     `safetensors.torch.save_file` refuses them: `RuntimeError: Some tensors share memory, this will lead to duplicate
#     memory on disk`. Clone before saving; `save_params` does. `torch.save` takes them, and with a view of ten numbers
#     writes all the memory that it looks into: 4 MB, if that was a tensor of a million.
#
# !!! warning "Pitfall: a name that is changed on the way"
#     `np.savez("params.bin", ...)` writes `params.bin.npz`, and loading `params.bin` says `FileNotFoundError`. Hand it
#     an open file.
#
# !!! warning "Pitfall: numbers as text"
#     `f"{value:.4f}"` keeps four digits, and JSON without the dtype gives back float32 for float64. `repr` and
#     `float.hex` keep every bit of a number; its dtype and the shape go beside it. And never `eval` a file: that is a
#     pickle by another name.
#
# !!! warning "Pitfall: saved on a GPU, loaded without one"
#     `RuntimeError: Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False` is
#     `torch.load` speaking: give it `map_location="cpu"`. A safetensors file does not remember a device.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: Which of `detach()`, `clone()`, `.data` give a tensor that later training cannot change?"
#     Only `clone()`. The other two look into the same memory.
#
# ??? question "Quiz: Two dicts have four names each. Why compare the names, and not just their number?"
#     They need not be of one network: counting accepts a typing mistake. The sets must be equal.
#
# ??? question "Quiz: You resume a training with momentum 0.9 and forget the velocity. What happens to the next steps?"
#     The velocity starts at zero, so the first step is only $-\eta g$, a tenth of what it is at full speed. It takes
#     some twenty steps to build up again. No jump, as with Adam, but another trajectory all the same.
#
# ??? question "Quiz: Is a safetensors file from a stranger safe to load?"
#     It runs no code. Its numbers may still be anything: NaN, a network that was trained to fail on one input, or
#     simply another one than its name says. Safe to load is not safe to trust.

# %% [markdown]
# ## Exercise
#
# Four functions, in two pairs. The module's are checked on one with a frozen parameter, a submodule and, for
# `module_to_params`, a buffer.

# %% [markdown]
# `module_to_params` takes a snapshot of all named parameters, frozen ones too. Later training of the module leaves it
# alone, and none of its tensors requires grad.

# %% tags=["student"] function="module_to_params"

# %% [markdown]
# `params_to_module` copies values back into the same Parameter objects, and gives back that module. A name that is
# missing, or one too many, raises; what is frozen stays frozen.

# %% tags=["student"] function="params_to_module"

# %% [markdown]
# `save_params` writes what `load_params` reads, and the two are judged together: the format is your choice. Every bit,
# every dtype and every shape comes back, also of tensors that require grad, share memory or are views.

# %% tags=["student"] function="save_params"

# %% [markdown]
# `load_params` gives tensors on the CPU. A file may come from anybody: loading it runs no code, and a pickled object
# raises.

# %% tags=["student"] function="load_params"

# %% tags=["check"]
from checker import check

check("exercise10")

# %% [markdown]
# ## Where to read on
#
# [Lesson 11](11-devices.md) moves parameters to a GPU, and [lesson 12](12-ensembles.md) stacks those of many modules,
# for which it uses `module_to_params`. The library's forms are in [`xorfunc.checkpoint`][xorfunc.checkpoint].
#
# - [The format of safetensors](https://huggingface.co/docs/safetensors), on one page.
# - [The documentation of `pickle`](https://docs.python.org/3/library/pickle.html), which opens with a warning, and
#   [that of `torch.load`](https://docs.pytorch.org/docs/stable/generated/torch.load.html).
