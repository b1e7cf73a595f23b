"""Schedules against their formulas in double precision, and against `torch.optim.lr_scheduler`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.optim import lr_scheduler

from xorfunc.schedules import cosine_decay, exponential_decay, linear_warmup, step_decay

EPS = torch.finfo(torch.float32).eps

rates = st.floats(1e-6, 10.0)
factors = st.floats(1e-3, 1.0) | st.floats(0.0, 1e-3).map(lambda loss: 1 - loss)
counts = st.integers(1, 10_000)
steps = st.integers(0, 100_000)

SCHEDULES = {
    "exponential": exponential_decay(0.1, 0.5, every=2.5),
    "step": step_decay(0.1, 0.5, every=2),
    "cosine": cosine_decay(0.1, 4, final=0.01),
    "warmup": linear_warmup(0.1, 3),
    "warmup of a schedule": linear_warmup(cosine_decay(0.1, 4), 2, start=0.5),
}
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)

IN_TORCH = {
    "exponential": (exponential_decay(0.1, 0.9), lambda sgd: lr_scheduler.ExponentialLR(sgd, 0.9)),
    "step": (step_decay(0.1, 0.3, every=7), lambda sgd: lr_scheduler.StepLR(sgd, 7, 0.3)),
    "cosine": (cosine_decay(0.1, 50, 0.02), lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, 50, 0.02)),
    "warmup": (linear_warmup(0.1, 20, start=0.25), lambda sgd: lr_scheduler.LinearLR(sgd, 0.25, total_iters=20)),
    "warmup cosine": (
        linear_warmup(cosine_decay(0.1, 30), 20, start=0.25),
        lambda sgd: lr_scheduler.SequentialLR(
            sgd,
            [
                lr_scheduler.LinearLR(sgd, 0.25, total_iters=20),
                lr_scheduler.CosineAnnealingLR(sgd, 30),
            ],
            milestones=[20],
        ),
    ),
}


@pytest.fixture(params=[torch.float32, torch.float64], ids=str)
def default_dtype(request):
    """Both dtypes that rates are computed in."""
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(torch.float32)


def at(schedule, step):
    return schedule(torch.tensor(step))


@pytest.mark.parametrize(("schedule", "in_torch"), IN_TORCH.values(), ids=IN_TORCH)
def test_a_schedule_follows_the_one_of_torch(default_dtype, schedule, in_torch):
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.1)
    scheduler = in_torch(optimizer)
    expected = []
    for _ in range(51):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    actual = torch.stack([at(schedule, step) for step in range(51)])
    assert actual.dtype == default_dtype
    # torch makes each rate of the one before: fifty roundings, and near zero their differences are all there is.
    tolerance = 50 * torch.finfo(default_dtype).eps
    torch.testing.assert_close(actual, torch.tensor(expected), rtol=tolerance, atol=0.1 * tolerance)


@given(lr=rates, decay=factors, every=st.floats(0.5, 1000.0), step=steps)
def test_exponential_decay_is_its_formula(lr, decay, every, step):
    power = step / every * math.log(decay)
    expected = lr * math.exp(power)
    # An exponent that is right to a part in 2^24 gives a power that is wrong by as many parts as the exponent is large.
    assert at(exponential_decay(lr, decay, every), step).item() == pytest.approx(
        expected, rel=(4 + 2 * abs(power)) * EPS, abs=1e-37
    )


@given(lr=rates, decay=factors, every=counts, step=steps)
def test_step_decay_is_its_formula(lr, decay, every, step):
    power = step // every * math.log(decay)
    assert at(step_decay(lr, decay, every), step).item() == pytest.approx(
        lr * math.exp(power), rel=(4 + 2 * abs(power)) * EPS, abs=1e-37
    )


@given(lr=rates, num_steps=counts, left=st.integers(0, 10) | counts)
def test_cosine_decay_keeps_its_digits_to_the_end(lr, num_steps, left):
    step = max(0, num_steps - left)
    remaining = (num_steps - step) / num_steps
    expected = lr * math.sin(math.pi / 2 * remaining) ** 2
    assert at(cosine_decay(lr, num_steps), step).item() == pytest.approx(expected, rel=8 * EPS, abs=0)
    assert expected == pytest.approx(lr * (1 + math.cos(math.pi * step / num_steps)) / 2, abs=1e-12)


@given(lr=rates, final=rates, num_steps=counts, later=steps)
def test_cosine_decay_starts_at_one_rate_and_stays_at_the_other(lr, final, num_steps, later):
    schedule = cosine_decay(lr, num_steps, final)
    assert at(schedule, 0).item() == pytest.approx(lr, rel=4 * EPS, abs=4 * EPS * final)
    assert at(schedule, num_steps + later) == torch.tensor(final)


@given(lr=rates, num_steps=counts, start=st.floats(0, 1), step=steps)
def test_linear_warmup_is_its_formula(lr, num_steps, start, step):
    expected = lr * (start + (1 - start) * min(step / num_steps, 1.0))
    assert at(linear_warmup(lr, num_steps, start), step).item() == pytest.approx(expected, rel=8 * EPS, abs=0)


@given(lr=rates, num_steps=counts, step=steps)
def test_what_comes_after_a_warmup_starts_when_it_is_over(lr, num_steps, step):
    then = exponential_decay(lr, 0.5, every=1000)
    schedule = linear_warmup(then, num_steps)
    assert torch.equal(at(schedule, num_steps + step), at(then, step))
    assert torch.equal(at(schedule, min(step, num_steps)), at(linear_warmup(lr, num_steps), min(step, num_steps)))


@each_schedule
def test_a_rate_is_a_number_of_the_default_dtype_for_every_step_at_once_too(schedule, default_dtype):
    each = [at(schedule, step) for step in range(12)]
    assert {(rate.shape, rate.dtype) for rate in each} == {((), default_dtype)}
    torch.testing.assert_close(vmap(schedule)(torch.arange(12)), torch.stack(each))


@each_schedule
def test_a_schedule_is_traced_and_compiled_for_all_steps(no_shape_checks, schedule):
    traced = make_fx(schedule)(torch.tensor(0))
    torch._dynamo.reset()  # or the limit of recompilations would be met
    compiled = torch.compile(schedule, backend="eager", fullgraph=True)
    for step in range(12):
        assert torch.equal(at(traced, step), at(schedule, step))
        assert torch.equal(at(compiled, step), at(schedule, step))


@each_schedule
def test_a_schedule_reads_no_number_back(monkeypatch, schedule):
    def refuse(tensor, *args):
        raise AssertionError("a device would have to be waited for")

    for reading in ("item", "tolist", "__float__", "__int__", "__index__", "__bool__"):
        monkeypatch.setattr(torch.Tensor, reading, refuse)
    at(schedule, 3)


@each_schedule
@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_rate_is_where_its_step_is(schedule):
    for step in range(12):
        rate = schedule(torch.tensor(step, device="cuda"))
        assert rate.device.type == "cuda"
        torch.testing.assert_close(rate.cpu(), at(schedule, step))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *[(lambda lr=lr: exponential_decay(lr, 0.5), f"lr={lr!r}") for lr in (-1.0, math.inf, math.nan)],
        (lambda: step_decay(-1.0, 0.5, 1), "lr=-1.0"),
        (lambda: cosine_decay(-1.0, 1), "lr=-1.0"),
        (lambda: cosine_decay(0.1, 1, final=-1.0), "final=-1.0"),
        (lambda: linear_warmup(-1.0, 1), "then=-1.0"),
        *[(lambda decay=decay: exponential_decay(0.1, decay), f"decay={decay!r}") for decay in (0.0, 1.5, math.nan)],
        (lambda: step_decay(0.1, 0.0, 1), "decay=0.0"),
        *[
            (lambda every=every: exponential_decay(0.1, 0.5, every), f"every={every!r}")
            for every in (0, -1.0, math.inf, math.nan)
        ],
        (lambda: step_decay(0.1, 0.5, 0), "every=0"),
        (lambda: cosine_decay(0.1, 0), "num_steps=0"),
        (lambda: linear_warmup(0.1, -1), "num_steps=-1"),
        *[(lambda start=start: linear_warmup(0.1, 1, start), f"start={start!r}") for start in (-0.1, 1.1, math.nan)],
    ],
)
def test_arguments_that_make_no_schedule_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
