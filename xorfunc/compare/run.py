"""One training of continuous XOR in both styles: how far apart they end, and what a step costs in each.

Both start from one set of parameters and see the same batches in the same order, so that all that differs is how a step
is written. What parts them is rounding; what a step takes is timed in turns (`xorfunc.devices.interleaved`), after a
first training that prepares the backends.
"""

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from xorfunc.backends import SlowerBackendWarning
from xorfunc.checkpoint import module_to_params, params_to_module
from xorfunc.compare.programs import FUNCTIONAL, MODULE
from xorfunc.data import continuous_xor, minibatches
from xorfunc.devices import Timing, interleaved
from xorfunc.likelihood import loss_bce
from xorfunc.model import LogitPredictor, init_params, logits
from xorfunc.optim import sgd
from xorfunc.params import Params
from xorfunc.random import Key, fold_in, split
from xorfunc.train import FitResult, fit, require_runnable, train_module

SIZES = (2, 4, 1)
STD = 0.1


class Comparison(NamedTuple):
    """Two trajectories of one training, what parts them, and what they cost.

    `functional` and `module` are the loss of each epoch, the first of the first backend. `loss_difference` and
    `params_difference` are the largest of any entry, epoch, and backend, against the module's. `timings` are the
    seconds a step, of "module" and of each backend, one of each a round. `programs` are both styles as text, as they
    are for the default sizes and `key(0)`. `preparing` are the seconds of each one's first training, in which it was
    traced or compiled; `unavailable` says of a backend that does not run here why. `device` is where it was.
    """

    functional: Float[Tensor, "num_epochs"]
    module: Float[Tensor, "num_epochs"]
    loss_difference: float
    params_difference: float
    num_steps: int
    timings: dict[str, Timing]
    programs: dict[str, str]
    preparing: Mapping[str, float] = MappingProxyType({})
    unavailable: Mapping[str, str] = MappingProxyType({})
    device: str = "cpu"

    @property
    def seconds(self) -> dict[str, float]:
        """The median seconds a step, by name."""
        return {name: timing.median for name, timing in self.timings.items()}

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long as the module's a step of each backend takes, round by round."""
        own = self.timings["module"]
        return {name: timing.ratio_to(own) for name, timing in self.timings.items() if name != "module"}


def compare_styles(
    key: Key,
    *,
    num_points: int = 1000,
    num_epochs: int = 20,
    batch_size: int = 128,
    lr: float = 1.0,
    backends: tuple[str, ...] = ("eager", "traced"),
    rounds: int = 3,
) -> Comparison:
    """Train the 2-4-1 network by gradient descent, as a function of a dict and as an `nn.Module`.

    With `data_key, init_key, fit_key = split(key, 3)`, epoch e takes the batches
    `minibatches(fold_in(fit_key, e), x, y, batch_size)` in both.

    Args:
        key: a random key; it determines points, parameters, and batches, and all of them are on its device.
        num_points: points of continuous XOR.
        num_epochs: passes over them.
        batch_size: points a step.
        lr: learning rate.
        backends: of `train.fit`, each trained and timed; one that does not run here is told in `unavailable`.
        rounds: trainings of each that are timed.

    Raises:
        ValueError: if there is no backend, an unknown one, none that runs here, or no point, epoch, round, or whole
            number of points a step.

    >>> from xorfunc.random import key
    >>> comparison = compare_styles(key(0), num_points=100, num_epochs=2, backends=("eager",), rounds=1)
    >>> comparison.loss_difference < 1e-5, comparison.params_difference < 1e-5
    (True, True)
    >>> list(comparison.seconds)
    ['module', 'eager']
    """
    if not backends:
        raise ValueError("backends has no entry: the module is compared with at least 1. Give ('eager',).")
    data_key, init_key, fit_key = split(key, 3)
    x, y = continuous_xor(data_key, num_points, STD)
    for backend in backends:
        require_runnable(backend, num_epochs, batch_size, x, y)
    params, optimizer = init_params(init_key, *SIZES), sgd(lr)

    # Local, as what a backend prepares is kept as long as its loss function.
    def loss_fn(params: Params, x: Tensor, y: Tensor) -> Tensor:
        return loss_bce(logits(params, x)[:, 0], y)

    def functional(backend: str) -> FitResult:
        result = fit(
            fit_key,
            loss_fn,
            params,
            x,
            y,
            optimizer=optimizer,
            num_epochs=num_epochs,
            batch_size=batch_size,
            backend=backend,
        )
        if len(result.losses) < num_epochs:  # `fit` gives what it reached; half a training compares with nothing
            raise KeyboardInterrupt
        return result

    contenders: dict[str, Callable[[], FitResult]] = {
        "module": lambda: _fit_module(fit_key, params, x, y, lr, num_epochs, batch_size)
    }
    contenders |= {backend: partial(functional, backend) for backend in backends}
    results: dict[str, FitResult] = {}
    preparing: dict[str, float] = {}
    unavailable: dict[str, str] = {}
    for name, train in list(contenders.items()):
        start = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SlowerBackendWarning)
            result = train()
        preparing[name] = time.perf_counter() - start
        slower = [str(warning.message) for warning in caught if issubclass(warning.category, SlowerBackendWarning)]
        if slower:  # timed under this name, it would be another's time
            unavailable[name] = slower[0]
            del contenders[name]
        else:
            results[name] = result
    if len(results) < 2:
        raise ValueError(f"backends={backends!r}: none of them runs here. Add 'eager', which always does.")
    num_steps = num_epochs * -(-num_points // batch_size)
    trainings = interleaved(contenders, rounds=rounds)
    own, *others = results.values()
    return Comparison(
        functional=others[0].losses,
        module=own.losses,
        loss_difference=max(_largest(other.losses - own.losses) for other in others),
        params_difference=max(_largest(other.params[name] - p) for other in others for name, p in own.params.items()),
        num_steps=num_steps,
        timings={name: Timing(tuple(s / num_steps for s in timing.seconds)) for name, timing in trainings.items()},
        programs={"functional": FUNCTIONAL, "module": MODULE},
        preparing=preparing,
        unavailable=unavailable,
        device=key.device.type,
    )


def _fit_module(
    key: Key, params: Params, x: Tensor, y: Tensor, lr: float, num_epochs: int, batch_size: int
) -> FitResult:
    """What `fit` does, in module style."""
    with torch.random.fork_rng(devices=[]):  # its first parameters are drawn from the global state, and not used
        module = LogitPredictor(*SIZES)
    params_to_module(params, module.to(x.device))
    optimizer = torch.optim.SGD(module.parameters(), lr=lr)
    losses: list[float] = []
    for epoch in range(num_epochs):
        batches = minibatches(fold_in(key, epoch), x, y, batch_size)
        losses += train_module(module, optimizer, loss_bce, batches, num_epochs=1)
    return FitResult(module_to_params(module), torch.tensor(losses, dtype=x.dtype, device=x.device))


def _largest(difference: Tensor) -> float:
    return difference.abs().max().item()
