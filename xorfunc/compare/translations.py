"""Each habit of `nn.Module` beside its functional form, as code that runs.

A module keeps what changes inside: parameters, buffers, gradients, a mode, the optimizer's memory. The functional form
has each as a value that goes in and comes out. A row shows one such thing on both sides; after `SETTING` and either
side, the names in `gives` hold equal values, which a test of every row sees to.
"""

from typing import NamedTuple


class Translation(NamedTuple):
    """One thing to do, in both styles.

    `functional` and `module` are programs to be run after `SETTING`; both define every name in `gives`, with equal
    values. `note` says what the code cannot.
    """

    name: str
    functional: str
    module: str
    gives: tuple[str, ...]
    note: str = ""


SETTING = """\
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from xorfunc.data import continuous_xor
from xorfunc.likelihood import loss_bce
from xorfunc.model import LogitPredictor
from xorfunc.model import init_params, logits
from xorfunc.random import key, split

x, y = continuous_xor(key(0), 64, std=0.1)
params = init_params(key(1), 2, 4, 1)
model = LogitPredictor(2, 4, 1)
model.load_state_dict(params)


def loss_fn(params, x, y):
    return loss_bce(logits(params, x)[:, 0], y)
"""
"""What every row starts from: one network, as a dict and as a module, and 64 points."""

TRANSLATIONS = (
    Translation(
        "parameters",
        functional="""\
weight = params["linear_h.weight"]
number = sum(p.numel() for p in params.values())
""",
        module="""\
weight = model.linear_h.weight
number = sum(p.numel() for p in model.parameters())
""",
        gives=("weight", "number"),
        note="The dict has the names of `model.state_dict()`.",
    ),
    Translation(
        "from one style to the other",
        functional="""\
from xorfunc.checkpoint import module_to_params

params = module_to_params(model)
s = logits(params, x)
""",
        module="""\
from xorfunc.checkpoint import params_to_module

model = params_to_module(params, model)
s = model(x)
""",
        gives=("s",),
        note="Both copy: what is trained afterwards leaves the other alone.",
    ),
    Translation(
        "forward",
        functional="""\
s = logits(params, x)
""",
        module="""\
s = model(x)
""",
        gives=("s",),
    ),
    Translation(
        "any module as a function",
        functional="""\
other = init_params(key(2), 2, 4, 1)
s = functional_call(model, other, (x,), strict=True)
""",
        module="""\
other = init_params(key(2), 2, 4, 1)
model.load_state_dict(other)
s = model(x)
""",
        gives=("s",),
        note="On the left the module keeps its own parameters.",
    ),
    Translation(
        "gradient",
        functional="""\
grads = grad(loss_fn)(params, x, y)
""",
        module="""\
model.zero_grad()
loss_bce(model(x)[:, 0], y).backward()
grads = {n: p.grad for n, p in model.named_parameters()}
""",
        gives=("grads",),
        note="`backward` adds to what `.grad` holds; `grad` has nothing to clear.",
    ),
    Translation(
        "step",
        functional="""\
grads = grad(loss_fn)(params, x, y)
new = {n: p - 0.1 * grads[n] for n, p in params.items()}
""",
        module="""\
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
optimizer.zero_grad()
loss_bce(model(x)[:, 0], y).backward()
optimizer.step()
new = dict(model.named_parameters())
""",
        gives=("new",),
        note="On the left `params` is as before, and can be stepped from again.",
    ),
    Translation(
        "several steps, with momentum",
        functional="""\
from xorfunc.optim import apply_updates, momentum

optimizer = momentum(0.1, decay=0.9)
state = optimizer.init(params)
for _ in range(5):
    grads = grad(loss_fn)(params, x, y)
    steps, state = optimizer.update(grads, state, params)
    params = apply_updates(params, steps)
new, velocity = params, state["linear_h.weight"]
""",
        module="""\
optimizer = torch.optim.SGD(
    model.parameters(), lr=0.1, momentum=0.9
)
for _ in range(5):
    optimizer.zero_grad()
    loss_bce(model(x)[:, 0], y).backward()
    optimizer.step()
new = dict(model.named_parameters())
memory = optimizer.state[model.linear_h.weight]
velocity = memory["momentum_buffer"]
""",
        gives=("new", "velocity"),
        note="To stop and go on later: keep (params, state), or both state_dicts.",
    ),
    Translation(
        "learning-rate schedule",
        functional="""\
from xorfunc.optim import sgd_update

for i in range(3):
    grads = grad(loss_fn)(params, x, y)
    params = sgd_update(params, grads, lr=0.1 * 0.5**i)
new = params
""",
        module="""\
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.ExponentialLR(
    optimizer, gamma=0.5
)
for _ in range(3):
    optimizer.zero_grad()
    loss_bce(model(x)[:, 0], y).backward()
    optimizer.step()
    schedule.step()
new = dict(model.named_parameters())
""",
        gives=("new",),
    ),
    Translation(
        "train and eval: dropout",
        functional="""\
def dropout(seed, h, p=0.5):
    if seed is None:
        return h
    g = torch.Generator().manual_seed(seed)
    keep = torch.empty_like(h)
    keep.bernoulli_(1 - p, generator=g)
    return h * keep / (1 - p)


trained, evaluated = dropout(7, x), dropout(None, x)
""",
        module="""\
layer = nn.Dropout(p=0.5)
layer.train()
torch.manual_seed(7)
trained = layer(x)
layer.eval()
evaluated = layer(x)
""",
        gives=("trained", "evaluated"),
        note="A seed is the key here, so that the mask is the one nn.Dropout draws. With a key of xorfunc.random it is "
        "`keep = bernoulli(key, 1 - p, h.shape)`.",
    ),
    Translation(
        "buffers: BatchNorm's running statistics",
        functional="""\
def normalized(x, mean, var):
    return (x - mean) / (var + 1e-5).sqrt()


def batch_norm(stats, x, training):
    if not training:
        return normalized(x, *stats), stats
    mean, var = x.mean(0), x.var(0)
    seen = zip(stats, (mean, var))
    stats = [0.9 * old + 0.1 * new for old, new in seen]
    biased = x.var(0, correction=0)
    return normalized(x, mean, biased), stats


stats = (torch.zeros(2), torch.ones(2))
trained, stats = batch_norm(stats, x, training=True)
evaluated, stats = batch_norm(stats, x, training=False)
mean, var = stats
""",
        module="""\
layer = nn.BatchNorm1d(2, momentum=0.1, affine=False)
layer.train()
trained = layer(x)
mean, var = layer.running_mean, layer.running_var
layer.eval()
evaluated = layer(x)
""",
        gives=("trained", "mean", "var", "evaluated"),
        note="Batches are normalized by their biased variance, and the unbiased one is remembered.",
    ),
    Translation(
        "buffers of any module",
        functional="""\
layer = nn.BatchNorm1d(2)
weights = dict(layer.named_parameters())
stats = {n: b.clone() for n, b in layer.named_buffers()}
out = functional_call(layer, (weights, stats), (x,))
kept = int(layer.num_batches_tracked)
seen = int(stats["num_batches_tracked"])
mean = stats["running_mean"]
""",
        module="""\
layer = nn.BatchNorm1d(2)
kept = int(layer.num_batches_tracked)
out = layer(x)
seen = int(layer.num_batches_tracked)
mean = layer.running_mean
""",
        gives=("out", "kept", "seen", "mean"),
        note="The module writes to the buffers that it is given, so give it copies.",
    ),
    Translation(
        "freezing parameters",
        functional="""\
from xorfunc.optim import sgd_update

names = [n for n in params if n.startswith("linear_h")]
frozen = {n: params[n] for n in names}
free = {n: params[n] for n in params if n not in frozen}


def loss_of(free, x, y):
    return loss_fn(frozen | free, x, y)


grads = grad(loss_of)(free, x, y)
new = frozen | sgd_update(free, grads, lr=0.1)
""",
        module="""\
model.linear_h.requires_grad_(False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_bce(model(x)[:, 0], y).backward()
optimizer.step()
new = dict(model.named_parameters())
""",
        gives=("new",),
    ),
    Translation(
        "per-example gradients",
        functional="""\
def loss_of_one(params, x, y):
    return loss_fn(params, x[None], y[None])


each = vmap(grad(loss_of_one), (None, 0, 0))(params, x, y)
""",
        module="""\
own = dict(model.named_parameters())
rows = {n: [] for n in own}
for x_one, y_one in zip(x.split(1), y.split(1)):
    model.zero_grad()
    loss_bce(model(x_one)[:, 0], y_one).backward()
    for n, p in own.items():
        rows[n].append(p.grad.clone())
each = {n: torch.stack(rows[n]) for n in own}
""",
        gives=("each",),
    ),
    Translation(
        "ensemble",
        functional="""\
from xorfunc.ensemble import init_ensemble

members = init_ensemble(
    key(3), lambda key: init_params(key, 2, 4, 1), 5
)
s = vmap(logits, (0, None))(members, x)
""",
        module="""\
models = [LogitPredictor(2, 4, 1) for _ in range(5)]
for member, k in zip(models, split(key(3), 5)):
    member.load_state_dict(init_params(k, 2, 4, 1))
s = torch.stack([member(x) for member in models])
""",
        gives=("s",),
        note="`stack_modules(models)` makes the members of the left from the models of the right.",
    ),
    Translation(
        "evaluation",
        functional="""\
from xorfunc.evaluate import accuracy

right = accuracy(logits(params, x)[:, 0], y)
""",
        module="""\
from xorfunc.evaluate import accuracy

model.eval()
with torch.no_grad():
    right = accuracy(model(x)[:, 0], y)
""",
        gives=("right",),
        note="The tensors of the dict don't require grad, so nothing is recorded that would have to be switched off.",
    ),
    Translation(
        "saving and loading",
        functional="""\
from tempfile import TemporaryDirectory
from xorfunc.checkpoint import load_params, save_params

with TemporaryDirectory() as folder:
    save_params(params, f"{folder}/xor")
    loaded = load_params(f"{folder}/xor")
""",
        module="""\
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    torch.save(model.state_dict(), f"{folder}/xor")
    saved = torch.load(f"{folder}/xor", weights_only=True)
model.load_state_dict(saved)
loaded = dict(model.named_parameters())
""",
        gives=("loaded",),
        note="A safetensors file holds no code, whoever wrote it.",
    ),
)
