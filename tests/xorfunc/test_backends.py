"""Every backend of `fit` against the eager one; what cannot be traced or compiled; what is kept; Ctrl-C."""

import gc
import os
import signal
import subprocess
import sys
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xorfunc.problems import assert_params_close, linear_loss, network_loss
from tests.xorfunc.strategies import keys, labels, normal, training_problems
from xorfunc import backends, compiled, step, train
from xorfunc.data import continuous_xor
from xorfunc.likelihood import loss_bce
from xorfunc.model import init_params
from xorfunc.optim import Optimizer, adam, adamw, momentum, sgd
from xorfunc.random import fold_in, key, permutation
from xorfunc.schedules import cosine_decay
from xorfunc.train import epoch_orders, fit

# The same operations in another order: a unit in the last place a step, and training amplifies some.
CLOSE = {"rtol": 2e-4, "atol": 2e-5}

pytestmark = pytest.mark.usefixtures("no_shape_checks")
needs_compiler = pytest.mark.skipif(not backends.has_compiler(), reason="there is no C++ compiler")


def clipped(lr):
    """A user's optimizer, in which every parameter's step depends on all gradients."""

    def update(grads, state, params):
        norm = torch.sqrt(sum(g.square().sum() for g in grads.values()))
        scale = lr / torch.clamp(norm, min=1.0)
        return {name: -scale * g for name, g in grads.items()}, state

    return Optimizer(lambda params: (), update)


OPTIMIZERS = {
    "sgd": sgd(0.1),
    "nesterov": momentum(0.05, nesterov=True),
    "adam": adam(0.01),
    "adamw with a schedule": adamw(cosine_decay(0.01, 20)),
    "clipped": clipped(0.1),
}


def relu_loss(params, x, y):
    h = torch.relu(x @ params["w1"].T + params["b1"])
    h = torch.relu(h @ params["w2"].T + params["b2"])
    return loss_bce((h @ params["w3"].T + params["b3"])[..., 0], y) + 0.01 * params["scale"].square()


def relu_params(seed=0, num_hidden=3):
    h = num_hidden
    shapes = {"w1": (h, 2), "b1": (h,), "w2": (h, h), "b2": (h,), "w3": (1, h), "b3": (1,), "scale": ()}
    return {name: 0.5 * normal(seed + i, shape) for i, (name, shape) in enumerate(shapes.items())}


def problem(num=20):
    x, y = continuous_xor(key(0), num, 0.1)
    return init_params(key(1), 2, 4, 1), x, y


def assert_same_run(actual, expected, **tolerance):
    assert_params_close(actual.params, expected.params, **(tolerance or CLOSE))
    torch.testing.assert_close(actual.losses, expected.losses, **(tolerance or CLOSE))


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@settings(max_examples=6, deadline=None)
@given(drawn=training_problems(), k=keys, batch_size=st.integers(1, 13))
def test_traced_gives_the_eager_trajectory(optimizer, drawn, k, batch_size):
    params, x, y = drawn
    settings = {"optimizer": optimizer, "num_epochs": 3, "batch_size": batch_size}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast = fit(k, network_loss, params, x, y, backend="traced", **settings)
    assert_same_run(fast, fit(k, network_loss, params, x, y, backend="eager", **settings))


def test_traced_takes_any_pure_loss():
    x, y = continuous_xor(key(0), 11, 0.1)
    for loss, params, targets in (
        (relu_loss, relu_params(), y),
        (linear_loss, {"w": torch.ones(2), "unused": torch.ones(3)}, y.float()),
        (lambda params, x, y: x.sum() + y.sum(), {"w": torch.ones(2)}, y),
        (lambda params, x, y: (x.mT @ y).square().mean() * params["w"].sum(), {"w": torch.ones(2)}, normal(0, (11, 3))),
    ):
        for batch_size in (1, 4, 11, 100):
            runs = [
                fit(key(1), loss, params, x, targets, num_epochs=2, batch_size=batch_size, backend=backend)
                for backend in ("traced", "eager")
            ]
            assert_same_run(*runs)


@needs_compiler
@pytest.mark.parametrize(
    ("optimizer", "num", "dtype"),
    [
        (sgd(0.1), 20, torch.float32),
        pytest.param(adamw(cosine_decay(0.01, 20)), 16, torch.float64, marks=pytest.mark.slow),
        pytest.param(clipped(0.1), 5, torch.float32, marks=pytest.mark.slow),
    ],
)
def test_compiled_gives_the_eager_trajectory(optimizer, num, dtype):
    params, x, y = problem(num)
    params, x = {name: p.to(dtype) for name, p in params.items()}, x.to(dtype)
    settings = {"optimizer": optimizer, "batch_size": 8}
    eager = fit(key(2), network_loss, params, x, y, num_epochs=23, backend="eager", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # 23 epochs are calls of twenty and three that are left over
        fast = fit(key(2), network_loss, params, x, y, num_epochs=23, backend="compiled", **settings)
    assert_same_run(fast, eager)


def branching(params, x, y):
    loss = network_loss(params, x, y)
    return 2 * loss if loss > 0.5 else loss


def reading(params, x, y):
    return network_loss(params, x, y) * (1 + x.sum().item())


def listing(params, x, y):
    return network_loss(params, x, y) * sum(map(sum, x.tolist()))


@pytest.mark.parametrize(
    ("loss", "reason"),
    [(branching, "reads a number"), (reading, "reads a number"), (listing, "reads a number|other numbers")],
)
@pytest.mark.parametrize("backend", ["traced", "compiled"])
def test_what_cannot_be_traced_runs_eagerly_and_says_why_once(loss, reason, backend):
    params, x, y = problem()
    settings = {"num_epochs": 3, "batch_size": 8}
    with pytest.warns(UserWarning, match=reason) as told:
        run = fit(key(2), loss, params, x, y, backend=backend, **settings)
    assert len(told) == 1
    assert_same_run(run, fit(key(2), loss, params, x, y, backend="eager", **settings), rtol=0, atol=0)


def test_a_state_that_is_no_tensor_is_not_frozen():
    counting = Optimizer(
        lambda params: 0,
        lambda grads, count, params: ({name: -0.1 / (1 + count) * g for name, g in grads.items()}, count + 1),
    )
    params, x, y = problem()
    with pytest.warns(UserWarning, match="no tensor"):
        run = fit(key(2), network_loss, params, x, y, optimizer=counting, num_epochs=3, backend="traced")
    assert_same_run(run, fit(key(2), network_loss, params, x, y, optimizer=counting, num_epochs=3, backend="eager"))


def test_a_graph_that_lies_is_noticed(monkeypatch):
    def lying(*arguments):
        graph = step.trace_step(*arguments)
        for node in graph.graph.nodes:
            if node.target is torch.ops.aten.mul.Tensor and isinstance(node.args[1], float):
                node.args = (node.args[0], 1.5 * node.args[1])
        graph.recompile()
        return graph

    monkeypatch.setattr(compiled, "trace_step", lying)
    params, x, y = problem()
    with pytest.warns(UserWarning, match="other numbers"):
        run = fit(key(2), network_loss, params, x, y, optimizer=sgd(0.1), num_epochs=2, backend="traced")
    assert_same_run(run, fit(key(2), network_loss, params, x, y, num_epochs=2, backend="eager"), rtol=0, atol=0)


def test_without_a_compiler_compiled_is_traced_with_one_warning(monkeypatch):
    def missing(*arguments, **options):
        raise RuntimeError("no C++ compiler found\nand more")

    monkeypatch.setattr(torch, "compile", missing)
    params, x, y = problem()

    def loss(params, x, y):
        return network_loss(params, x, y)

    with pytest.warns(UserWarning, match="'traced' instead of 'compiled': RuntimeError: no C") as told:
        run = fit(key(2), loss, params, x, y, num_epochs=3, batch_size=8, backend="compiled")
    assert len(told) == 1
    assert_same_run(run, fit(key(2), loss, params, x, y, num_epochs=3, batch_size=8, backend="eager"))


@pytest.mark.parametrize(
    ("steps", "compiler", "ready", "expected"),
    [
        (10, True, set(), ()),
        (10, True, {"traced"}, ("traced",)),
        (10, True, {"traced", "compiled"}, ("compiled", "traced")),
        (1000, False, set(), ("traced",)),
        (10**7, True, set(), ("compiled", "traced")),
        (10**7, False, set(), ("traced",)),
    ],
)
def test_auto_takes_the_cheapest_in_total(monkeypatch, steps, compiler, ready, expected):
    monkeypatch.setattr(backends, "has_compiler", lambda: compiler)
    assert backends._ways("auto", ready, steps) == expected


def test_what_is_prepared_serves_again_and_goes_with_its_loss(monkeypatch):
    traces = []

    def counted(*arguments):
        traces.append(arguments)
        return step.trace_step(*arguments)

    monkeypatch.setattr(compiled, "trace_step", counted)
    params, x, y = problem()

    def loss(params, x, y):
        return network_loss(params, x, y)

    def traces_of(**settings):
        traces.clear()
        fit(key(2), loss, params, x, y, **({"num_epochs": 2, "batch_size": 8, "backend": "traced"} | settings))
        return len(traces)

    assert traces_of() == 2, "for full batches and for the last one"
    assert traces_of() == 0
    assert traces_of(batch_size=10) == 1
    assert traces_of(optimizer=sgd(0.2)) == 2
    kept = len(backends._ready)
    del loss, traces_of
    traces.clear()
    gc.collect()
    assert len(backends._ready) == kept - 1


@pytest.mark.parametrize("backend", ["eager", "traced"])
def test_ctrl_c_gives_what_was_reached(monkeypatch, backend, caplog):
    params, x, y = problem()
    whole = fit(key(2), network_loss, params, x, y, num_epochs=4, batch_size=8, backend=backend)

    class Bar:
        def __init__(self):
            self.count = 0

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def update(self, count):
            self.count += count
            if self.count == 4:
                raise KeyboardInterrupt

    monkeypatch.setattr(train, "_bar", lambda num_epochs, progress: Bar())
    stopped = fit(key(2), network_loss, params, x, y, num_epochs=50, batch_size=8, backend=backend)
    assert_same_run(stopped, whole, rtol=0, atol=0)
    assert "Ctrl-C" in caplog.text


def test_ctrl_c_before_the_first_epoch_is_an_interrupt():
    def interrupted(params, x, y):
        raise KeyboardInterrupt

    params, x, y = problem()
    with pytest.raises(KeyboardInterrupt):
        fit(key(2), interrupted, params, x, y, num_epochs=2, backend="eager")


@pytest.mark.slow
def test_a_real_interrupt_ends_a_long_training_with_its_result():
    program = (
        "from tests.xorfunc.test_backends import *\n"
        "params, x, y = problem()\n"
        "print('ready', flush=True)\n"
        "run = fit(key(2), network_loss, params, x, y, num_epochs=10**6, backend='eager')\n"
        "print(0 < len(run.losses) < 10**6, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(8)
    os.kill(child.pid, signal.SIGINT)
    assert child.communicate(timeout=60)[0] == "True\n"
    assert child.returncode == 0


@pytest.mark.parametrize("backend", ["eager", "traced"])
def test_results_are_plain_tensors_of_their_own(backend):
    params, x, y = problem()
    params["linear_s.bias"].requires_grad_()
    before = {name: p.detach().clone() for name, p in params.items()}
    with torch.no_grad():
        run = fit(key(2), network_loss, params, x, y, num_epochs=2, backend=backend)
    assert not any(t.requires_grad or t.is_inference() for t in (*run.params.values(), run.losses))
    run.params["linear_s.bias"].requires_grad_().sum().backward()
    assert_params_close({name: p.detach() for name, p in params.items()}, before, rtol=0, atol=0)


@pytest.mark.parametrize("backend", ["eager", "traced"])
def test_the_bar_counts_every_epoch(backend, capsys):
    params, x, y = problem()
    fit(key(2), network_loss, params, x, y, num_epochs=3, backend=backend, progress=True)
    assert "3/3" in capsys.readouterr().err


@given(k=keys, first=st.integers(0, 5), count=st.integers(1, 4), num=st.integers(1, 40))
def test_orders_are_those_of_the_minibatches(k, first, count, num):
    orders = epoch_orders(k, first, first + count, num)
    assert torch.equal(orders, torch.stack([permutation(fold_in(k, first + i), num) for i in range(count)]))


def test_a_callable_that_cannot_be_hashed_is_traced_each_time():
    class Loss:
        __hash__ = None

        def __call__(self, params, x, y):
            return network_loss(params, x, y)

    params, x, y = problem()
    runs = [fit(key(2), Loss(), params, x, y, num_epochs=2, backend=backend) for backend in ("traced", "eager")]
    assert_same_run(*runs)


def test_a_step_on_leaves_is_the_step_on_the_tree():
    params, x, y = problem()
    for optimizer in OPTIMIZERS.values():
        leaves, spec = step.pytree.tree_flatten((params, optimizer.init(params)))
        ours = step.flat_step(network_loss, optimizer, spec)(*leaves, x, y)
        meant = step.flat_meaning(network_loss, optimizer, spec)(*leaves, x, y)
        graph = step.trace_step(step.flat_step(network_loss, optimizer, spec), leaves, x, y)
        assert step.same_within_rounding(ours, meant)
        assert step.same_within_rounding(graph(*leaves, x, y), meant)


def test_labels_may_be_of_any_dtype_and_shape():
    x, y = normal(0, (9, 2)), labels(0, 9)
    params = {"w": torch.zeros(2, 3)}

    def loss(params, x, y):
        return (x @ params["w"] - y).square().mean()

    targets = torch.stack([y, 1 - y, y], dim=1)
    runs = [fit(key(0), loss, params, x, targets, num_epochs=3, batch_size=4, backend=b) for b in ("traced", "eager")]
    assert_same_run(*runs)
