"""Optimizers against `torch.optim`, over drawn hyperparameters and gradients of any size."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.func import grad, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.optim import lr_scheduler
from torch.utils._pytree import tree_leaves

from tests.xorfunc.problems import assert_params_close
from tests.xorfunc.strategies import dtypes, normal, param_dicts, seeds, sizes, tensors
from xorfunc.optim import adam, adamw, apply_updates, momentum, momentum_init, momentum_update, sgd, sgd_update
from xorfunc.schedules import cosine_decay, exponential_decay, linear_warmup, step_decay

# torch fuses a product and a sum where we round twice; over eight steps that is a few units in the last place.
CLOSE = {torch.float32: {"rtol": 2e-6, "atol": 2e-6}, torch.float64: {"rtol": 1e-12, "atol": 1e-12}}

# Of every kind, with numbers and with schedules for rates.
OPTIMIZERS = {
    "sgd": sgd(0.1),
    "momentum": momentum(0.1),
    "nesterov": momentum(0.1, nesterov=True),
    "adam": adam(0.1),
    "adamw": adamw(0.1),
    "scheduled sgd": sgd(exponential_decay(0.1, 0.5, every=3)),
    "scheduled momentum": momentum(step_decay(0.1, 0.5, every=2)),
    "scheduled adamw": adamw(linear_warmup(cosine_decay(0.1, 3), 2, start=0.5)),
}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)

rates = st.sampled_from([0.0, 1e-3, 0.1, 1.0])
decays = st.sampled_from([0.0, 0.5, 0.9, 0.999])
scales = st.sampled_from([0.0, 1e-12, 1.0, 1e3])


@st.composite
def descents(draw):
    """Parameters (one of them a scalar) and the gradients of up to eight steps."""
    dtype, num_steps = draw(dtypes), draw(st.integers(1, 8))
    params = {"scalar": draw(tensors((), dtype)), **draw(param_dicts(dtype))}
    scale = draw(scales)
    return params, [
        {name: scale * draw(tensors(p.shape, dtype)) for name, p in params.items()} for _ in range(num_steps)
    ]


def descend(optimizer, params, gradients):
    state = optimizer.init(params)
    for grads in gradients:
        updates, state = optimizer.update(grads, state, params)
        params = apply_updates(params, updates)
    return params


def torch_descend(make, params, gradients):
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    optimizer = make(leaves.values())
    for grads in gradients:
        for name, leaf in leaves.items():
            leaf.grad = grads[name].clone()
        optimizer.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}


def assert_same_descent(ours, theirs, descent):
    params, gradients = descent
    size = max(1.0, max(g.abs().max().item() for grads in gradients for g in grads.values()))
    tolerance = {name: size * value for name, value in CLOSE[params["scalar"].dtype].items()}
    assert_params_close(descend(ours, params, gradients), torch_descend(theirs, params, gradients), **tolerance)


@given(descent=descents(), lr=rates)
def test_sgd_follows_torch(descent, lr):
    assert_same_descent(sgd(lr), lambda leaves: torch.optim.SGD(leaves, lr), descent)


@given(descent=descents(), lr=rates, decay=decays)
def test_momentum_follows_torch(descent, lr, decay):
    assert_same_descent(momentum(lr, decay), lambda leaves: torch.optim.SGD(leaves, lr, momentum=decay), descent)


@given(descent=descents(), lr=rates, b1=decays, b2=decays, eps=st.sampled_from([1e-8, 1e-3]))
def test_adam_follows_torch(descent, lr, b1, b2, eps):
    assert_same_descent(
        adam(lr, b1, b2, eps), lambda leaves: torch.optim.Adam(leaves, lr, betas=(b1, b2), eps=eps), descent
    )


@st.composite
def long_descents(draw):
    """Two parameters (one of them a scalar) and the gradients of a hundred steps."""
    dtype, seed, scale = draw(dtypes), draw(seeds), draw(scales)
    params = {"w": normal(seed, (3,), dtype), "scalar": normal(seed + 1, (), dtype)}
    gradients = [
        {"w": scale * w, "scalar": scale * scalar}
        for w, scalar in zip(normal(seed + 2, (100, 3), dtype), normal(seed + 3, (100,), dtype), strict=True)
    ]
    return params, gradients


def path(optimizer, params, gradients):
    """The parameters after each step, by name `[num_steps, *shape]`."""
    state, steps = optimizer.init(params), []
    for grads in gradients:
        updates, state = optimizer.update(grads, state, params)
        params = apply_updates(params, updates)
        steps.append(params)
    return {name: torch.stack([step[name] for step in steps]) for name in params}


def torch_path(make, params, gradients, schedule=None):
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    optimizer = make(leaves.values())
    scheduler = schedule(optimizer) if schedule else None
    steps = []
    for grads in gradients:
        for name, leaf in leaves.items():
            leaf.grad = grads[name].clone()
        optimizer.step()
        if scheduler:
            scheduler.step()
        steps.append({name: leaf.detach().clone() for name, leaf in leaves.items()})
    return {name: torch.stack([step[name] for step in steps]) for name in leaves}


def assert_same_path(ours, theirs, descent, *, schedule=None, rate_error=0.0):
    """Each step rounds a sum of the size of the path by a few units in the last place, and such errors add up."""
    params, gradients = descent
    expected = torch_path(theirs, params, gradients, schedule)
    for name, actual in path(ours, params, gradients).items():
        size = max(1.0, params[name].abs().max().item(), expected[name].abs().max().item())
        atol = size * (4 * len(gradients) * torch.finfo(actual.dtype).eps + rate_error)
        torch.testing.assert_close(actual, expected[name], rtol=0, atol=atol)


# Those that say the same in torch, made from the same hyperparameters.
KINDS = {
    "sgd": lambda lr, decay, other, nesterov: (sgd(lr), lambda leaves: torch.optim.SGD(leaves, lr)),
    "momentum": lambda lr, decay, other, nesterov: (
        momentum(lr, decay, nesterov=nesterov and decay > 0),
        lambda leaves: torch.optim.SGD(leaves, lr, momentum=decay, nesterov=nesterov and decay > 0),
    ),
    "adam": lambda lr, b1, b2, _: (adam(lr, b1, b2), lambda leaves: torch.optim.Adam(leaves, lr, (b1, b2))),
    "adamw": lambda lr, b1, b2, strong: (
        adamw(lr, b1, b2, weight_decay=0.5 if strong else 0.01),
        lambda leaves: torch.optim.AdamW(leaves, lr, (b1, b2), weight_decay=0.5 if strong else 0.01),
    ),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=20)  # of a hundred steps each
@given(descent=long_descents(), lr=rates, first=decays, second=decays, flag=st.booleans())
def test_a_hundred_steps_follow_torch(kind, descent, lr, first, second, flag):
    ours, theirs = kind(lr, first, second, flag)
    assert_same_path(ours, theirs, descent)


SCHEDULES = {
    "exponential": (
        lambda lr: exponential_decay(lr, 0.97),
        lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.97),
    ),
    "step": (lambda lr: step_decay(lr, 0.5, 30), lambda optimizer: lr_scheduler.StepLR(optimizer, 30, 0.5)),
    "cosine": (
        lambda lr: cosine_decay(lr, 100, final=0.01),
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 100, eta_min=0.01),
    ),
    "warmup": (
        lambda lr: linear_warmup(lr, 20, start=0.25),
        lambda optimizer: lr_scheduler.LinearLR(optimizer, 0.25, total_iters=20),
    ),
}
SCHEDULED = {
    "sgd": (sgd, torch.optim.SGD),
    "momentum": (momentum, lambda leaves, lr: torch.optim.SGD(leaves, lr, momentum=0.9)),
    "nesterov": (
        lambda lr: momentum(lr, nesterov=True),
        lambda leaves, lr: torch.optim.SGD(leaves, lr, momentum=0.9, nesterov=True),
    ),
    "adam": (adam, torch.optim.Adam),
    "adamw": (
        lambda lr: adamw(lr, weight_decay=0.1),
        lambda leaves, lr: torch.optim.AdamW(leaves, lr, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("make", SCHEDULED.values(), ids=SCHEDULED)
@settings(max_examples=4)
@given(descent=long_descents())
def test_a_hundred_steps_of_a_schedule_follow_torch_with_its_scheduler(make, schedule, descent):
    # Our rate is a float32 whatever dtype the parameters have, and a path that turns is longer than it is wide.
    assert_same_path(
        make[0](schedule[0](0.1)),
        lambda leaves: make[1](leaves, 0.1),
        descent,
        schedule=schedule[1],
        rate_error=64 * torch.finfo(torch.float32).eps,
    )


@given(size=sizes, seed=seeds, dtype=dtypes, scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_the_first_step_of_adam_has_the_length_of_its_rate(size, seed, dtype, scale):
    params, grads = {"w": torch.zeros(size, dtype=dtype)}, {"w": scale * (1 + normal(seed, (size,), dtype).abs())}
    stepped = descend(adam(0.25), params, [grads])
    torch.testing.assert_close(stepped["w"], torch.full((size,), -0.25, dtype=dtype), rtol=2e-5, atol=0)


@each_optimizer
@settings(max_examples=15)
@given(descent=descents())
def test_the_order_of_names_does_not_matter(optimizer, descent):
    params, gradients = descent
    reversed_gradients = [dict(reversed(grads.items())) for grads in gradients]
    expected = descend(optimizer, params, gradients)
    assert_params_close(descend(optimizer, params, reversed_gradients), expected, rtol=0, atol=0)


@each_optimizer
@settings(max_examples=15)
@given(members=sizes, size=sizes, seed=seeds, dtype=dtypes)
def test_members_under_vmap_step_as_they_would_alone(optimizer, members, size, seed, dtype):
    params = {"w": normal(seed, (members, size), dtype)}
    gradients = [{"w": normal(seed + i, (members, size), dtype)} for i in (1, 2, 3)]
    state = vmap(optimizer.init)(params)
    stacked = params
    for grads in gradients:
        updates, state = vmap(optimizer.update)(grads, state, stacked)
        stacked = apply_updates(stacked, updates)
    for k in range(members):
        alone = descend(optimizer, {"w": params["w"][k]}, [{"w": grads["w"][k]} for grads in gradients])
        torch.testing.assert_close(stacked["w"][k], alone["w"], **CLOSE[dtype])


@each_optimizer
@settings(max_examples=15)
@given(descent=descents())
def test_updates_and_state_have_the_dtypes_of_the_parameters(optimizer, descent):
    params, gradients = descent
    params["half"], params["other"] = torch.ones((), dtype=torch.bfloat16), torch.ones(2, dtype=torch.float64)
    grads = gradients[0] | {"half": params["half"], "other": params["other"]}
    state = optimizer.init(params)
    for _ in range(2):
        updates, state = optimizer.update(grads, state, params)
        assert {name: u.dtype for name, u in updates.items()} == {name: p.dtype for name, p in params.items()}
    assert shapes_of(state) == shapes_of(optimizer.init(params))


def shapes_of(state):
    return [(leaf.shape, leaf.dtype, leaf.device) for leaf in tree_leaves(state)]


@each_optimizer
def test_only_a_schedule_and_adam_count_their_updates(optimizer):
    state = optimizer.init({"w": torch.ones(2)})
    _, state = optimizer.update({"w": torch.ones(2)}, state, {"w": torch.ones(2)})
    counts = [leaf.item() for leaf in tree_leaves(state) if leaf.dtype == torch.int64]
    name = next(name for name, value in OPTIMIZERS.items() if value is optimizer)
    assert counts == ([1] if "adam" in name or "scheduled" in name else [])
    assert name != "sgd" or state == ()


def test_the_first_update_has_the_rate_of_step_zero_and_a_schedule_may_give_a_number():
    seen = []

    def schedule(step):
        seen.append((step.item(), step.dtype))
        return 0.5

    params = {"w": torch.ones(2)}
    for optimizer in (sgd(schedule), momentum(schedule), adamw(schedule)):
        descend(optimizer, params, [params] * 3)
    assert seen == [(step, torch.int64) for step in (0, 1, 2)] * 3
    assert_params_close(descend(sgd(schedule), params, [params]), {"w": torch.full((2,), 0.5)}, rtol=0, atol=0)


@each_optimizer
@pytest.mark.usefixtures("no_shape_checks")
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(descent=descents())
def test_an_update_traced_once_is_every_update(optimizer, descent):
    params, gradients = descent
    state = optimizer.init(params)
    traced = make_fx(optimizer.update)(gradients[0], state, params)
    for grads in gradients:
        expected = optimizer.update(grads, state, params)
        torch.testing.assert_close(traced(grads, state, params), expected, rtol=0, atol=0)
        state = expected[1]


@each_optimizer
def test_an_optimizer_made_outside_compiles_whole_and_once_for_all_steps(no_shape_checks, optimizer):
    compilations = []

    def backend(graph, inputs):
        compilations.append(graph)
        return graph.forward

    @torch.compile(backend=backend, fullgraph=True)
    def step(grads, state, params):
        updates, state = optimizer.update(grads, state, params)
        return apply_updates(params, updates), state

    torch._dynamo.reset()  # or the limit of recompilations would be met, as this is one function for all optimizers
    params = expected = {"w": normal(0, (2, 3)), "scalar": normal(1, ())}
    state = expected_state = optimizer.init(params)
    for i in range(3):
        grads = {name: normal(i, p.shape) for name, p in params.items()}
        params, state = step(grads, state, params)
        updates, expected_state = optimizer.update(grads, expected_state, expected)
        expected = apply_updates(expected, updates)
    torch.testing.assert_close((params, state), (expected, expected_state))
    assert len(compilations) == 1


@each_optimizer
def test_a_step_reads_no_number_back(monkeypatch, optimizer):
    def refuse(tensor, *args):
        raise AssertionError("a device would have to be waited for")

    params = {"w": torch.ones(2), "scalar": torch.tensor(1.0)}
    for reading in ("item", "tolist", "__float__", "__int__", "__index__", "__bool__", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, reading, refuse)
    descend(optimizer, params, [params] * 3)


@each_optimizer
@pytest.mark.parametrize("device", ["meta", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_state_lives_where_the_parameters_do(optimizer, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    params = {"w": torch.ones(2, device=device), "scalar": torch.ones((), device=device)}
    state = optimizer.init(params)
    for _ in range(2):
        updates, state = optimizer.update(params, state, params)
    assert {leaf.device.type for leaf in tree_leaves((updates, state))} == {device}


ONE_UPDATE = {"sgd": 1, "momentum": 2, "nesterov": 3, "adam": 7, "adamw": 8}
"""Operations a parameter; for a small network each costs as much as its arithmetic."""


@pytest.mark.parametrize(("name", "num"), ONE_UPDATE.items())
def test_an_update_takes_few_operations(no_shape_checks, name, num):
    def operations(num_params):
        params = {str(i): torch.ones(2) for i in range(num_params)}
        graph = make_fx(OPTIMIZERS[name].update)(params, OPTIMIZERS[name].init(params), params).graph
        return sum(node.op == "call_function" for node in graph.nodes)

    assert operations(3) - operations(2) == num
    assert operations(1) - num <= 12


def test_bias_corrections_keep_their_digits_in_float32():
    # With these, 1 - b2^t loses all of its digits in float32.
    params, grads = {"w": torch.zeros(3)}, {"w": torch.tensor([1.0, -2.0, 1e-3])}
    steps = path(adam(0.25, b2=0.99999, eps=0.0), params, [grads] * 3)["w"]
    # A gradient that stays has steps as long as the rate.
    torch.testing.assert_close(
        steps, torch.tensor([[-0.25, 0.25, -0.25]]).T.mul(torch.arange(1, 4)).T, rtol=2e-6, atol=0
    )


def test_a_step_can_be_differentiated():
    def loss_after_a_step(w):
        params = apply_updates({"w": w}, sgd(0.25).update({"w": 2 * w}, (), {"w": w})[0])
        return params["w"] ** 2

    # (w - 0.25 * 2 w)^2 = w^2 / 4
    assert grad(loss_after_a_step)(torch.tensor(3.0)) == 1.5


@given(descent=descents(), lr=rates)
def test_sgd_update_is_a_step_of_sgd(descent, lr):
    params, gradients = descent
    assert_params_close(sgd_update(params, gradients[0], lr), descend(sgd(lr), params, gradients[:1]), rtol=0, atol=0)


@given(descent=descents(), lr=rates, decay=decays)
def test_momentum_update_is_a_step_of_momentum(descent, lr, decay):
    params, gradients = descent
    stepped, velocity = params, momentum_init(params)
    for grads in gradients:
        stepped, velocity = momentum_update(stepped, grads, velocity, lr, decay)
    size = max(1.0, max(g.abs().max().item() for grads in gradients for g in grads.values()))
    tolerance = {name: size * value for name, value in CLOSE[params["scalar"].dtype].items()}  # one of them fuses
    assert_params_close(stepped, descend(momentum(lr, decay), params, gradients), **tolerance)


def test_course_updates_give_plain_tensors_for_parameters_that_require_grad():
    params = {"w": torch.ones(2, requires_grad=True)}
    grads = {"w": params["w"] * 2}
    stepped, velocity = momentum_update(params, grads, momentum_init(params), 0.1, 0.9)
    results = [*sgd_update(params, grads, 0.1).values(), *stepped.values(), *velocity.values()]
    assert not any(result.requires_grad for result in results)


def test_an_empty_dict_has_nothing_to_step():
    assert descend(adam(0.1), {}, [{}]) == {}


@pytest.mark.parametrize("lr", [-0.1, math.inf, math.nan])
@pytest.mark.parametrize("make", [sgd, momentum, adam, adamw])
def test_a_rate_that_is_negative_or_not_finite_is_refused(make, lr):
    with pytest.raises(ValueError, match=f"lr={lr!r}"):
        make(lr)


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
@pytest.mark.parametrize(
    ("name", "make"),
    [("decay", momentum), ("b1", lambda lr, b1: adam(lr, b1=b1)), ("b2", lambda lr, b2: adam(lr, b2=b2))],
)
def test_a_decay_outside_zero_to_one_is_refused(name, make, decay):
    with pytest.raises(ValueError, match=f"{name}={decay!r}"):
        make(0.1, decay)


@pytest.mark.parametrize("name", ["eps", "weight_decay"])
def test_a_negative_eps_or_weight_decay_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name}=-1\.0"):
        adamw(0.1, **{name: -1.0})
