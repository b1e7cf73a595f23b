"""Every backend of `fit` against the eager one; what cannot be traced or compiled; what is kept; Ctrl-C."""

import gc
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
from xorfunc.data import continuous_xor, minibatches
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
@settings(max_examples=3)  # each is traced
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
@pytest.mark.slow
def test_compiled_gives_the_eager_trajectory(capfd):
    params, x, y = problem()
    settings = {"batch_size": 8, "num_epochs": 23}
    eager = fit(key(2), network_loss, params, x, y, backend="eager", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # 23 epochs are a call of twenty and three that are left over
        before = torch.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()
        fast = fit(key(2), network_loss, params, x, y, backend="compiled", **settings)
        after = torch.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()
        assert capfd.readouterr() == ("", "")
        fit(key(2), network_loss, params, x, y, backend="compiled", progress=True, **settings)
        assert "23/23" in capfd.readouterr().err
        again = fit(key(2), network_loss, params, x, y, **settings)
    assert_same_run(fast, eager)
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    memory = [t.untyped_storage().data_ptr() for t in (*params.values(), *fast.params.values(), fast.losses)]
    assert len(set(memory)) == len(memory)
    assert not any(t.requires_grad or t.is_inference() for t in (*fast.params.values(), fast.losses))
    assert_same_run(again, fast, rtol=0, atol=0)  # machine code, once it is there, is what auto takes


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


# What was wrong once: places, names, states


def weighed(params, x, y):
    """Not the same in both parameters, so that one is not to be taken for the other."""
    return (2 * (x @ params["a"]) + x.square() @ params["b"] - y).square().mean()


def both_ways(loss, params, optimizer, **settings):
    x, y = normal(0, (20, 2)), normal(1, (20,))
    settings = {"optimizer": optimizer, "num_epochs": 3, "batch_size": 10} | settings
    return [fit(key(0), loss, params, x, y, backend=backend, **settings) for backend in ("traced", "eager")]


def test_parameters_that_are_one_tensor_are_trained_apart():
    start = torch.zeros(2)
    runs = both_ways(weighed, {"a": start, "b": start}, sgd(0.05))
    assert_same_run(*runs)
    assert not torch.equal(runs[0].params["a"], runs[0].params["b"])
    assert torch.equal(start, torch.zeros(2))


def test_a_state_that_starts_as_the_parameters_goes_its_own_way():
    def update(grads, mean, params):
        steps = {name: 0.1 * (mean[name] - params[name]) - 0.05 * g for name, g in grads.items()}
        return steps, {name: 0.5 * (mean[name] + p) for name, p in params.items()}

    averaging = Optimizer(lambda params: params, update)
    assert_same_run(*both_ways(weighed, {"a": torch.zeros(2), "b": torch.ones(2)}, averaging))


def test_the_order_of_the_names_is_part_of_what_is_kept():
    def loss(params, x, y):
        return weighed(params, x, y)

    optimizer = sgd(0.05)
    assert_same_run(*both_ways(loss, {"a": torch.zeros(2), "b": torch.ones(2)}, optimizer))
    assert_same_run(*both_ways(loss, {"b": torch.ones(2), "a": torch.zeros(2)}, optimizer))


def test_the_default_dtype_is_part_of_what_is_kept():
    def loss(params, x, y):
        return weighed(params, x, y) * torch.tensor(1.5).element_size()  # a number that depends on it

    params, optimizer = {"a": torch.zeros(2), "b": torch.ones(2)}, sgd(0.01)
    assert_same_run(*both_ways(loss, params, optimizer))
    torch.set_default_dtype(torch.float64)
    try:
        assert_same_run(*both_ways(loss, params, optimizer))
    finally:
        torch.set_default_dtype(torch.float32)


def lazy_init(params):
    return None


def lazy_update(grads, state, params):
    velocity = grads if state is None else {name: g + 0.5 * state[name] for name, g in grads.items()}
    return {name: -0.05 * v for name, v in velocity.items()}, velocity


def growing_update(grads, seen, params):
    return {name: -0.05 / (1 + len(seen)) * g for name, g in grads.items()}, (*seen, torch.zeros(()))


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (Optimizer(lazy_init, lazy_update), "no tensor"),
        (Optimizer(lambda params: (), growing_update), "changes its form"),
    ],
)
def test_a_state_may_change_its_form_and_trains_eagerly(optimizer, reason):
    params = {"a": torch.zeros(2), "b": torch.ones(2)}
    with pytest.warns(UserWarning, match=reason):
        fast, eager = both_ways(weighed, params, optimizer)
    assert_same_run(fast, eager, rtol=0, atol=0)
    x, y = normal(0, (20, 2)), normal(1, (20,))
    state = optimizer.init(params)
    for epoch in range(3):
        for batch in minibatches(fold_in(key(0), epoch), x, y, 10):
            params, state, _ = step.optimizer_step(weighed, optimizer, params, state, *batch)
    assert_params_close(eager.params, params, rtol=0, atol=0)


def test_a_number_taken_from_the_state_behind_the_graphs_back_is_noticed():
    def update(grads, count, params):
        return {name: -0.05 / (1 + float(count.numpy())) * g for name, g in grads.items()}, count + 1

    fading = Optimizer(lambda params: torch.zeros(()), update)
    with pytest.warns(UserWarning, match="other numbers"):
        # One size of batches: there is no second graph that would be compared after a step.
        assert_same_run(*both_ways(weighed, {"a": torch.zeros(2), "b": torch.ones(2)}, fading), rtol=0, atol=0)


def test_a_loss_that_draws_at_random_or_counts_its_calls_trains_eagerly():
    calls = []

    def drawing(params, x, y):
        return weighed(params, x + torch.rand_like(x), y)

    def counting(params, x, y):
        calls.append(None)
        return weighed(params, x, y) * len(calls)

    for loss in (drawing, counting):
        with (
            torch.random.fork_rng(devices=[]),
            pytest.warns(UserWarning, match="draw at random, or keep a state") as told,
        ):
            run = fit(key(0), loss, {"a": torch.zeros(2), "b": torch.ones(2)}, *problem()[1:], backend="traced")
        assert len(told) == 1
        assert len(run.losses) == 100


def test_eager_never_warns():
    params, x, y = problem()
    for loss in (network_loss, branching, reading):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(key(0), loss, params, x, y, num_epochs=2, backend="eager")


def test_a_warning_points_at_the_users_own_line(tmp_path):
    # In a process of its own: the shape checks put a frame of theirs in between.
    program = tmp_path / "own.py"
    program.write_text(
        "import torch\n"
        "from xorfunc.random import key\n"
        "from xorfunc.train import fit\n"
        "x = torch.ones(4)\n"
        "fit(key(0), lambda p, x, y: p['w'] * x.mean().item(), {'w': torch.ones(())}, x, x, backend='traced')\n"
    )
    told = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stderr
    assert f"{program}:5: SlowerBackendWarning: training runs 'eager' instead of 'traced'" in told
    assert told.count("Warning") == 1


def test_auto_misses_no_compiler_and_says_what_fails_of_one_that_is_there(monkeypatch, tmp_path):
    params, x, y = problem()
    monkeypatch.setattr(backends, "STEPS_TO_COMPILE", 1)
    monkeypatch.setattr(torch, "compile", lambda *arguments, **options: 1 / 0)

    def run():
        def loss(params, x, y):
            return network_loss(params, x, y)

        return fit(key(2), loss, params, x, y, num_epochs=3, backend="auto")

    expected = fit(key(2), network_loss, params, x, y, num_epochs=3, backend="eager")
    monkeypatch.setattr(backends, "has_compiler", lambda: True)
    with pytest.warns(UserWarning, match="'traced' instead of 'auto': ZeroDivisionError") as told:
        assert_same_run(run(), expected)
    assert len(told) == 1
    monkeypatch.undo()
    monkeypatch.setattr(backends, "STEPS_TO_COMPILE", 1)
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not backends.has_compiler()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same_run(run(), expected)


def test_auto_says_what_it_cannot_trace(monkeypatch):
    params, x, y = problem()
    monkeypatch.setattr(backends, "STEPS_TO_TRACE", 1)
    with pytest.warns(UserWarning, match="'eager' instead of 'auto': .* reads a number") as told:
        fit(key(2), reading, params, x, y, num_epochs=3)
    assert len(told) == 1


def test_only_the_latest_are_kept_for_one_loss():
    def loss(params, x, y):
        raise AssertionError("nothing runs here")

    def make(backend="traced", situation=0):
        return backends.choose_run(
            backend,
            "eager",
            {"traced": lambda: lambda: made.append(situation)},
            loss_fn=loss,
            situation=situation,
            num_steps=1,
        )

    made = []
    first = make()
    for situation in range(1, backends.KEPT):
        make(situation=situation)
    assert make() is first
    make(situation="one more")
    assert make() is first, "it was used later than the second"
    for situation in range(backends.KEPT):
        make(situation=("other", situation))
    assert len(backends._ready[loss]) == backends.KEPT
    assert make() is not first


def test_what_fails_is_not_tried_again_but_told_again(monkeypatch):
    tries = []

    def failing(*arguments):
        tries.append(arguments)
        raise step.CannotTrace("for a reason")

    def loss(params, x, y):
        return network_loss(params, x, y)

    monkeypatch.setattr(compiled, "trace_step", failing)
    params, x, y = problem()
    for _ in range(2):
        with pytest.warns(UserWarning, match="for a reason"):
            fit(key(2), loss, params, x, y, num_epochs=1, backend="traced")
    assert len(tries) == 1


def test_other_dtypes_shapes_and_flags_are_other_situations(monkeypatch):
    traces = []

    def counted(*arguments):
        traces.append(arguments)
        return step.trace_step(*arguments)

    def loss(params, x, y):
        return network_loss(params, x, y)

    monkeypatch.setattr(compiled, "trace_step", counted)
    params, x, y = problem()

    def traces_of(params, x, y):
        traces.clear()
        runs = [fit(key(2), loss, params, x, y, num_epochs=2, backend=backend) for backend in ("traced", "eager")]
        assert_same_run(*runs)
        return len(traces)

    wide, doubled = init_params(key(3), 2, 5, 1), {name: p.double() for name, p in params.items()}
    assert traces_of(params, x, y) == 1
    assert traces_of(params, x, y.float()) == 1
    assert traces_of(wide, x, y) == 1
    assert traces_of(doubled, x.double(), y) == 1
    assert traces_of(params, x[:19], y[:19]) == 1
    assert traces_of({name: p.clone().requires_grad_() for name, p in params.items()}, x, y) == 0
    assert traces_of(params, x.mT.contiguous().mT, y) == 0
