"""The same training as two whole programs, to be read beside each other.

Both leave the mean loss of each epoch in `losses`. What is trained is `params`, in one a dict that a step replaces, in
the other a module's, which a step changes in place. They are what `compare_styles(key(0))` runs, spelled out: there
`train.fit` and `train.train_module` are the loops.
"""

FUNCTIONAL = """\
from torch.func import grad_and_value

from xorfunc.data import continuous_xor, minibatches
from xorfunc.likelihood import loss_bce
from xorfunc.model import init_params, logits
from xorfunc.random import fold_in, key, split

data_key, init_key, fit_key = split(key(0), 3)
x, y = continuous_xor(data_key, 1000, std=0.1)
params = init_params(init_key, 2, 4, 1)
lr = 1.0


def loss_fn(params, x, y):
    return loss_bce(logits(params, x)[:, 0], y)


def step(params, x, y):
    grads, loss = grad_and_value(loss_fn)(params, x, y)
    params = {
        n: p - lr * grads[n] for n, p in params.items()
    }
    return params, loss


losses = []
for epoch in range(20):
    total = 0.0
    order = fold_in(fit_key, epoch)
    for xb, yb in minibatches(order, x, y, 128):
        params, loss = step(params, xb, yb)
        total += len(xb) * loss.item()
    losses.append(total / len(x))
"""
"""Parameters go in, new parameters come out."""

MODULE = """\
from torch.optim import SGD

from xorfunc.checkpoint import params_to_module
from xorfunc.data import continuous_xor, minibatches
from xorfunc.likelihood import loss_bce
from xorfunc.model import LogitPredictor, init_params
from xorfunc.random import fold_in, key, split

data_key, init_key, fit_key = split(key(0), 3)
x, y = continuous_xor(data_key, 1000, std=0.1)
model = LogitPredictor(2, 4, 1)
params_to_module(init_params(init_key, 2, 4, 1), model)
optimizer = SGD(model.parameters(), lr=1.0)


def step(x, y):
    optimizer.zero_grad()
    loss = loss_bce(model(x)[:, 0], y)
    loss.backward()
    optimizer.step()
    return loss


losses = []
model.train()
for epoch in range(20):
    total = 0.0
    order = fold_in(fit_key, epoch)
    for xb, yb in minibatches(order, x, y, 128):
        loss = step(xb, yb)
        total += len(xb) * loss.item()
    losses.append(total / len(x))
params = dict(model.named_parameters())
"""
"""The module and the optimizer hold what changes, and a step changes it."""


def seeded(program: str, seed: int, device: str = "cpu") -> str:
    """The program with another seed for all its randomness, on another device.

    >>> seeded("k1, k2 = split(key(0))", 7), seeded("model = LogitPredictor(2, 4, 1)", 7, "cuda")
    ('k1, k2 = split(key(7))', "model = LogitPredictor(2, 4, 1).to('cuda')")
    """
    moved = "" if device == "cpu" else f".to({device!r})"
    program = program.replace("key(0)", f"key({seed}){moved}")
    return program.replace("LogitPredictor(2, 4, 1)", f"LogitPredictor(2, 4, 1){moved}")
