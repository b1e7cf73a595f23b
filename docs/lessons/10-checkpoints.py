# %% [markdown]
# # Keep what was learned
#
# A training ends, the process ends, and what was learned is gone unless it lies in a file. This lesson carries parameters from
# a module to a dict, to a file, and back, and says which files can be trusted, what else belongs into them, and how a file
# is replaced so that no power cut can leave half of it.

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
# ## A snapshot
#
# In the functional style there is nothing to do: the parameters are a dict, nobody changes it, and keeping them is keeping a
# name. In the module style the numbers live *inside*, and training overwrites them in place. So what looks like a copy may
# be a window:

# %%
import json
import os
import tempfile
from pathlib import Path

import torch

from xorfunc import checkpoint, data, likelihood, model, optim, random, train

os.chdir(tempfile.mkdtemp())  # files of this lesson lie there
folder = Path()
torch.manual_seed(0)

module = model.LogitPredictor(2, 4, 1)
window = module.state_dict()
snapshot = {name: p.detach().clone() for name, p in module.named_parameters()}

with torch.no_grad():
    module.linear_s.bias += 100  # as a step of an optimizer does
print("module  ", module.linear_s.bias.item())
print("window  ", window["linear_s.bias"].item())
print("snapshot", snapshot["linear_s.bias"].item())

# %% [markdown]
# `detach()` gives a tensor outside of the graph, which still looks into the same memory. `clone()` makes a copy, which still
# belongs to the graph. A snapshot needs both.
#
# | | holds | is |
# |---|---|---|
# | `module.state_dict()` | parameters *and buffers* (a batch norm's running mean) | a window |
# | `module.named_parameters()` | parameters, frozen ones too | the module's own objects |
# | [`module_to_params(module)`][xorfunc.checkpoint.module_to_params] | parameters | copies that require no grad |
#
# ### And back
#
# The other way has a trap as well. An optimizer holds *references* to the module's `Parameter` objects. Give the module new
# objects, and the optimizer goes on to train the old ones, which nobody uses any more:

# %%
optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
module.linear_s.bias = torch.nn.Parameter(torch.zeros(1))  # a new object
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
print("the optimizer knows the bias:", id(module.linear_s.bias) in held)

# %% [markdown]
# So values are copied *into* what is there: `p.copy_(value)` under `torch.no_grad()`, which is what `load_state_dict` does.
# Names must fit exactly. A name too few or too many is nearly always a mistake somewhere else, and `strict=False` hides it:

# %% tags=["raises-exception"]
incomplete = {name: p for name, p in snapshot.items() if name != "linear_h.bias"}
module.load_state_dict(incomplete)

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
#     safetensors.flax.save_file(params, "model.safetensors")
#     params = safetensors.flax.load_file("model.safetensors")
#     ```
#
# ## A file that runs code
#
# `torch.save` writes a zip file with a *pickle* in it. A pickle is not data; it is a little program that builds objects
# again, and one of its instructions is "call this function with these arguments". Any function. Whoever unpickles a file does
# what its author wrote. Here the author is us, and the function is harmless:

# %%
import pickle


class Surprise:
    def __reduce__(self):
        return print, ("this ran while the file was loaded",)


(folder / "weights.pkl").write_bytes(pickle.dumps(Surprise()))
with (folder / "weights.pkl").open("rb") as file:
    pickle.load(file)

# %% [markdown]
# It could as well have been `os.system`. Since torch 2.6 `torch.load` is careful by default: `weights_only=True` allows
# tensors and plain containers and refuses everything else. Never pass `weights_only=False` for a file that you did not write
# yourself, whatever an error message suggests.

# %% tags=["raises-exception"]
torch.save({"weights": Surprise()}, folder / "weights.pt")
torch.load(folder / "weights.pt")

# %% [markdown]
# **safetensors** goes further: its format has no place for code. A file is a length, a header in JSON (name, dtype, shape,
# where the bytes are), and the bytes. You can read it with thirty lines of Python, and so can every other framework.

# %%
params = model.init_params(random.key(0), 2, 4, 1)
path = folder / "model.safetensors"
checkpoint.save_params(params, path)
raw = path.read_bytes()
size = int.from_bytes(raw[:8], "little")
print(len(raw), "bytes, the header:", json.loads(raw[8 : 8 + size])["linear_h.weight"])

# %%
loaded = checkpoint.load_params(path, like=params)
print("to the last bit:", all(torch.equal(loaded[name], p) for name, p in params.items()))

# %% [markdown]
# `like=` says what you expect. A file of another network is then an error with names and shapes in it, instead of a surprise
# ten lines later:

# %% tags=["raises-exception"]
checkpoint.load_params(path, like=model.init_params(random.key(0), 2, 8, 1))

# %% [markdown]
# And a file that was cut off says so, rather than giving half of the numbers:

# %% tags=["raises-exception"]
(folder / "half.safetensors").write_bytes(raw[: len(raw) // 2])
checkpoint.load_params(folder / "half.safetensors")

# %% [markdown]
# ## What else belongs into it
#
# Seventeen numbers without a story are hard to use in a year. What made them? In the functional style the answer is short,
# because a training is a function of its arguments: the seed, the sizes, the number of epochs, the rate. `save_run` writes
# them into the file's header, with the versions of this library and of torch:

# %%
about = {"seed": 7, "sizes": [2, 4, 1], "lr": 0.05, "num_epochs": 20, "num_points": 500, "std": 0.1}


def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


def trained(about):
    data_key, init_key, fit_key = random.split(random.key(about["seed"]), 3)
    x, y = data.continuous_xor(data_key, about["num_points"], about["std"])
    start = model.init_params(init_key, *about["sizes"])
    return train.fit(fit_key, loss_fn, start, x, y, optimizer=optim.adam(about["lr"]), num_epochs=about["num_epochs"])


result = trained(about)
checkpoint.save_run(result.params, about, folder / "run.safetensors")

# %%
run = checkpoint.load_run(folder / "run.safetensors")
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
# In the functional style the list is the argument list of a step: what is not an argument cannot matter. In the module style
# you have to know where things are hidden. Plain gradient descent has no state, so its training can be cut anywhere; epoch
# $e$ takes its order from `fold_in(key, e)`:

# %%
data_key, init_key, fit_key = random.split(random.key(7), 3)
x, y = data.continuous_xor(data_key, 500, 0.1)
start = model.init_params(init_key, 2, 4, 1)


def epochs(params, first, last):
    for epoch in range(first, last):
        batches = data.minibatches(random.fold_in(fit_key, epoch), x, y, 128)
        params, _ = train.train_epoch(loss_fn, params, batches, lr=1.0)
    return params


at_once = epochs(start, 0, 6)
checkpoint.save_params(epochs(start, 0, 4), folder / "after4.safetensors")
resumed = epochs(checkpoint.load_params(folder / "after4.safetensors"), 4, 6)
print("resumed is the same:", all(torch.equal(at_once[name], p) for name, p in resumed.items()))

# %% [markdown]
# ## Write beside, then rename
#
# `open(path, "wb")` empties the old file at once. If the process is killed before it has written the new one, both are gone,
# and it is always the only copy. So write to a file *beside* it, and rename that over the old one when it is complete.
# Renaming is atomic: whoever looks sees the old file or the new one, never half of one.


# %%
def write_whole(path, content):
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # on the disk, not only on its way
    beside.replace(path)


write_whole(path, raw)
print(sorted(file.name for file in folder.iterdir()))

# %% [markdown]
# [`save_params`][xorfunc.checkpoint.save_params] does this for you.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a snapshot that moves"
#     `best = module.state_dict()` at the best epoch is, at the end, the last epoch: a window. Clone every tensor, or
#     `copy.deepcopy` the dict.
#
# !!! warning "Pitfall: `strict=False`"
#     It makes the error go away, and leaves layers at their random start. The loss will be a little worse than it was, and you
#     will look for the reason somewhere else.
#
# !!! warning "Pitfall: a module in a pickle"
#     `torch.save(module, path)` stores where its *class* was found, not the class. Rename or move it, and the file cannot be
#     read. Store parameters, and the sizes to build the module again.
#
# !!! warning "Pitfall: `p.data = value`"
#     Now the module shares memory with your dict, and training the one changes the other. Copy values: `p.copy_(value)`.
#
# !!! warning "Pitfall: tensors that share memory"
#     `safetensors.torch.save_file` refuses them: `RuntimeError: Some tensors share memory, this will lead to duplicate
#     memory on disk`. Clone before saving; `save_params` does.
#
# !!! warning "Pitfall: saved on a GPU, loaded without one"
#     `RuntimeError: Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False` is `torch.load`
#     speaking: give it `map_location="cpu"`. A safetensors file does not remember a device.

# %% [markdown]
# ## Quizzes
#
# ??? question "Which of `detach()`, `clone()`, `.data` give a tensor that later training cannot change?"
#     Only `clone()`. The other two look into the same memory.
#
# ??? question "You resume a training with Adam from parameters alone. What happens?"
#     Adam begins with empty means and counts from 1 again. Its first steps are as long as the rate allows, in directions that
#     it has hardly seen: the loss often jumps, and the trajectory is another one.
#
# ??? question "Why does `load_params` compare names as sets and not just count them?"
#     Two dicts of four names each need not be of one network. Counting would accept a typing mistake.
#
# ??? question "Is a safetensors file from a stranger safe to load?"
#     It runs no code. Its numbers may still be anything: NaN, a network that was trained to fail on one input, or simply
#     another one than its name says. Safe to load is not safe to trust.

# %% [markdown]
# ## Exercise
#
# Four functions, in two pairs.

# %% [markdown]
# `module_to_params` takes a snapshot, `params_to_module` copies values back into the same objects.

# %% tags=["student"] function="module_to_params"

# %% tags=["student"] function="params_to_module"

# %% [markdown]
# `save_params` and `load_params` are judged together: the format is your choice, as long as loading runs no code.

# %% tags=["student"] function="save_params"

# %% tags=["student"] function="load_params"

# %% tags=["check"]
from checker import check

check("exercise10")

# %% [markdown]
# ## Where to read on
#
# [Lesson 11](11-devices.md) moves parameters to a GPU, and [lesson 12](12-ensembles.md) stacks those of many modules. The
# library's forms are in [`xorfunc.checkpoint`][xorfunc.checkpoint].
