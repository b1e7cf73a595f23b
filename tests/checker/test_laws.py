"""Each law in a pair: right answers in unusual forms, which it must keep, and wrong ones, which it must catch."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.func import grad, vmap

from checker.spec import collect
from tests.checker.asking import Answer, verdict

MATRIX = "check('f', x=tensor('N D'))"


def caught_by(checks: str, right: Answer, answer: Answer) -> set[str]:
    """Give the laws that an answer breaks, once it is seen that the right answer breaks none."""
    assert verdict(checks, right, right).passed
    return {failure.law for failure in verdict(checks, right, answer).failures}


def double(x: Any) -> Any:
    return 2 * x


def after(change: Callable[..., object]) -> Answer:
    """Give the right answer, with something done on the way."""

    def f(x: Any) -> Any:
        result = 2 * x.detach()
        change(x)
        return result

    return f


# The laws of every function


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x + x,
        lambda x: torch.stack([x, x]).sum(0),
        lambda x: torch.nn.Parameter(x) * 2,
        lambda x: vmap(lambda row: row * 2)(x),
        lambda x: x.mT.mul(2).mT,
        lambda x: torch.einsum("nd,->nd", x, x.new_tensor(2)),
    ],
)
def test_a_right_answer_in_any_form_is_kept(answer: Answer):
    assert caught_by(MATRIX, double, answer) == set()


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: 3 * x,
        lambda x: (2 * x).tolist(),
        lambda x: (2 * x).numpy(),
        lambda x: (2 * x).mT,
        lambda x: (2 * x, x),
        lambda x: None,
        lambda x: 1 / 0,
        lambda x: double,
        lambda x: 2 * x + 1e-3,
    ],
)
def test_a_wrong_answer_is_caught(answer: Answer):
    assert "agrees" in caught_by(MATRIX, double, answer)


def test_double_precision_must_stay_double_to_the_end():
    scale = np.float64(2)
    assert caught_by(MATRIX, double, lambda x: x * float(scale)) == set()
    assert caught_by(MATRIX, double, lambda x: 2 * x.float()) == {"keeps_dtype"}
    assert caught_by(MATRIX, double, lambda x: (2 * x.float()).to(x.dtype)) == {"keeps_dtype"}
    assert "keeps_dtype" not in caught_by("check('f', x=tensor('N', dtype=torch.float32))", double, double)


def test_every_size_must_be_right_one_and_equal_ones_included():
    assert caught_by(MATRIX, lambda x: x.sum(1), lambda x: torch.stack([row.sum() for row in x])) == set()
    assert caught_by(MATRIX, double, lambda x: (2 * x).squeeze()) == {"any_size"}
    assert caught_by(MATRIX, double, lambda x: 2 * x if x.shape[0] != x.shape[1] else x) == {"any_size"}
    assert caught_by(MATRIX, double, lambda x: x if x.shape[0] == x.shape[1] > 1 else 2 * x) == {"any_size"}
    assert caught_by(MATRIX, double, lambda x: x if x.shape[0] > x.shape[1] == 1 else 2 * x) == {"any_size"}
    assert caught_by(MATRIX, double, lambda x: x if x.shape[1] > x.shape[0] == 1 else 2 * x) == {"any_size"}


def test_any_shape_may_have_axes_of_size_one_and_be_empty_where_the_check_says_so():
    anything = "check('f', x=tensor('...'), least={'...': 0})"
    assert caught_by(anything, double, lambda x: torch.stack([x, x]).sum(0)) == set()
    assert caught_by(anything, double, lambda x: (2 * x).squeeze()) == {"any_size"}
    assert caught_by(anything, double, lambda x: 2 * x if x.numel() else x.sum()) == {"any_size"}
    assert caught_by("check('f', x=tensor('...'))", double, lambda x: 2 * x if x.numel() else x.sum()) == set()


def test_empty_inputs_must_be_right_where_the_check_says_that_they_make_sense():
    total = lambda x: x.sum()  # noqa: E731
    folded = lambda x: torch.stack(list(x)).sum()  # noqa: E731 (raises for an empty x)
    assert caught_by("check('f', x=tensor('N'))", total, folded) == set()
    assert caught_by("check('f', x=tensor('N'), least={'N': 0})", total, folded) == {"any_size"}


def test_a_layout_with_gaps_must_be_right():
    flat = lambda x: x.reshape(-1)  # noqa: E731
    assert caught_by(MATRIX, flat, lambda x: x.contiguous().view(-1)) == set()
    assert caught_by(MATRIX, flat, lambda x: x.view(-1)) == {"any_layout"}
    assert caught_by(MATRIX, flat, lambda x: torch.as_strided(x, (x.numel(),), (1,))) == {"any_layout"}


def test_a_dict_must_be_used_by_its_names_not_by_its_order():
    checks = "check('f', p=params({'w': 'D', 'b': 'D'}))"
    right = lambda p: p["w"] - 2 * p["b"]  # noqa: E731
    assert caught_by(checks, right, lambda p: torch.sub(p["w"], p["b"], alpha=2)) == set()
    by_order = lambda p: list(p.values())[0] - 2 * list(p.values())[1]  # noqa: E731, RUF015
    assert caught_by(checks, right, by_order) == {"any_layout"}


def test_the_device_is_kept_where_there_is_another():
    checks = f"{MATRIX[:-1]}, laws=[keeps_device])"
    law = collect(f"from checker.spec import *\n{checks}", "checks.py")[0]["f"].laws[-1]
    assert (law.name, law.code) == ("keeps_device", "f(x)")
    assert caught_by(checks, double, lambda x: x + x) == set()


# Purity


def leaves_a_gradient(x: torch.Tensor) -> None:
    x.requires_grad_()
    (x * x).sum().backward()
    x.requires_grad_(False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: x.mul_(1.5), "argument x"),
        (lambda x: x.t_(), "argument x"),
        (lambda x: x.requires_grad_(), "x.requires_grad"),
        (leaves_a_gradient, "x.grad"),
        (lambda x: torch.rand(1), "torch's random state"),
        (lambda x: torch.manual_seed(0), "torch's random state"),
        (lambda x: np.random.rand(), "NumPy's random state"),
        (lambda x: random.random(), "Python's random state"),
        (lambda x: torch.set_default_dtype(torch.float64), "the default dtype"),
        (lambda x: torch.set_default_device("meta"), "the default device"),
        (lambda x: torch.set_grad_enabled(False), "grad mode"),
        (lambda x: torch.set_num_threads(torch.get_num_threads() + 1), "the number of threads"),
        (lambda x: torch.use_deterministic_algorithms(True), "deterministic algorithms"),
        (lambda x: setattr(torch.backends.cudnn, "deterministic", True), "cudnn.deterministic"),
        (lambda x: setattr(torch.backends.cudnn, "benchmark", True), "cudnn.benchmark"),
    ],
)
def test_what_a_call_changes_is_caught_and_called_by_its_name(change: Callable[..., object], told: str):
    found = verdict(MATRIX, double, after(change))
    assert {failure.law for failure in found.failures} == {"pure"}
    assert told in found.message


def draws_apart(x: torch.Tensor) -> None:
    with torch.random.fork_rng():
        torch.rand(3)
    torch.rand(3, generator=torch.Generator().manual_seed(1))
    np.random.default_rng(0).random()
    random.Random(0).random()


@pytest.mark.parametrize(
    "change",
    [
        draws_apart,
        lambda x: x.clone().mul_(3),
        lambda x: x.detach().requires_grad_().sum().backward(),
        lambda x: x.mul_(2).div_(2),
        lambda x: torch.no_grad()(lambda: x.sum())(),
        lambda x: grad(lambda w: (w * x).sum())(x),
    ],
    ids=["own generators", "a clone", "an alias", "put back", "no_grad", "torch.func"],
)
def test_what_leaves_no_trace_is_a_functions_own_affair(change: Callable[..., object]):
    assert caught_by(MATRIX, double, after(change)) == set()


def test_a_dict_argument_must_stay_as_it_was_too():
    checks = "check('f', p=params({'w': 'D'}))"
    right = lambda p: 2 * p["w"]  # noqa: E731

    def with_change(change: Callable[[Any], object]) -> Answer:
        def f(p: Any) -> Any:
            result = 2 * p["w"].detach()
            change(p)
            return result

        return f

    assert caught_by(checks, right, with_change(lambda p: p["w"].add_(1))) == {"pure"}
    assert caught_by(checks, right, with_change(lambda p: p.update(v=p["w"]))) == {"pure"}
    assert caught_by(checks, right, with_change(lambda p: p.pop("w"))) == {"pure"}
    assert "argument p is {}, not as before" in verdict(checks, right, with_change(lambda p: p.clear())).message
    assert caught_by(checks, right, with_change(lambda p: p["w"].requires_grad_())) == {"pure"}
    assert caught_by(checks, right, with_change(lambda p: leaves_a_gradient(p["w"]))) == {"pure"}
    assert caught_by(checks, right, with_change(lambda p: dict(p).clear())) == set()


def test_a_function_with_a_memory_is_caught_only_if_its_answer_shows_it():
    memo: dict[object, Any] = {}
    assert caught_by(MATRIX, double, lambda x: memo.setdefault((x.shape, x.dtype, str(x)), 2 * x).clone()) == set()
    seen: list[object] = []

    def forgetful(x: torch.Tensor) -> torch.Tensor:
        again = bool(seen) and seen[-1] is not x and str(seen[-1]) == str(x)
        seen.append(x)
        return 2 * x if not again and (len(seen) < 2 or seen[-2] is not x) else 3 * x

    assert "pure" in caught_by(MATRIX, double, forgetful)


def test_a_function_that_works_in_place_changes_its_argument_and_nothing_else():
    checks = (
        "def trial(answer, x, y):\n    answer.f(x, y)\n    return x\n\n"
        "check('f', x=tensor('N'), y=tensor('N'), trial=trial, changes=['x'])"
    )
    right = lambda x, y: x.add_(y)  # noqa: E731
    assert caught_by(checks, right, lambda x, y: x.copy_(x + y)) == set()
    assert "agrees" in caught_by(checks, right, lambda x, y: x + y)
    assert caught_by(checks, right, lambda x, y: (x.add_(y), y.zero_())) == {"pure"}


# Laws that a check asks for


def test_vmap_must_map_over_the_named_arguments():
    checks = "check('f', w=tensor('D'), x=tensor('D'), laws=[vmaps(x=0)])"
    right = lambda w, x: (w * x).sum()  # noqa: E731
    assert caught_by(checks, right, lambda w, x: vmap(torch.mul)(w, x).sum()) == set()
    assert caught_by(checks, right, lambda w, x: torch.dot(w, x)) == set()
    assert caught_by(checks, right, lambda w, x: w.new_tensor((w * x).sum().item())) == {"vmaps"}
    assert caught_by(checks, right, lambda w, x: (w * x).sum() if x[0] > 0 else (x * w).sum()) == {"vmaps"}


def test_vmap_can_map_over_another_axis_and_over_dicts():
    checks = "check('f', x=tensor('N D'), p=params({'w': 'D'}), laws=[vmaps(x=1, p=0)])"
    right = lambda x, p: x @ p["w"]  # noqa: E731
    assert caught_by(checks, right, lambda x, p: (x * p["w"]).sum(-1)) == set()
    assert caught_by(checks, right, lambda x, p: torch.tensor((x @ p["w"]).tolist(), dtype=x.dtype)) == {"vmaps"}


def test_gradients_must_be_right_with_respect_to_tensors():
    checks = "check('f', x=tensor('N D'), laws=[differentiates('x')])"
    right = lambda x: x.square().sum(1)  # noqa: E731
    assert caught_by(checks, right, lambda x: torch.einsum("nd,nd->n", x, x)) == set()
    assert caught_by(checks, right, lambda x: x.detach().square().sum(1)) == {"differentiates"}
    assert caught_by(checks, right, lambda x: (x * x.detach()).sum(1)) == {"differentiates"}
    straight_through = lambda x: x.sum(1) + (x.square().sum(1) - x.sum(1)).detach()  # noqa: E731
    assert caught_by(checks, right, straight_through) == {"differentiates"}


def test_a_gradient_that_is_right_only_in_sum_is_caught():
    checks = "check('f', x=tensor('N'), laws=[differentiates('x')])"
    turned = lambda x: x.flip(0)  # noqa: E731
    assert caught_by(checks, turned, lambda x: x + (turned(x) - x).detach()) == {"differentiates"}


def test_gradients_must_be_right_with_respect_to_dicts():
    checks = "check('f', p=params({'w': 'D', 'b': ''}), x=tensor('N D'), laws=[differentiates('p', 'x')])"
    right = lambda p, x: x @ p["w"] + p["b"]  # noqa: E731
    assert caught_by(checks, right, lambda p, x: (x * p["w"]).sum(-1) + p["b"]) == set()
    assert caught_by(checks, right, lambda p, x: x @ p["w"] + p["b"].detach()) == {"differentiates"}
    assert caught_by(checks, right, lambda p, x: x.detach() @ p["w"] + p["b"]) == {"differentiates"}


def test_a_result_that_does_not_depend_on_an_argument_has_a_gradient_of_zeros():
    checks = "check('f', x=tensor('N'), y=tensor('N'), laws=[differentiates('x', 'y')])"
    assert caught_by(checks, lambda x, y: 2 * x, lambda x, y: 2 * x + 0 * y) == set()


def test_extreme_values_must_be_finite_and_accurate():
    checks = "check('f', s=tensor('N', zero=False), laws=[stable('s')])"
    softplus = torch.nn.functional.softplus
    right = lambda s: torch.logaddexp(s, torch.zeros_like(s))  # noqa: E731
    assert caught_by(checks, right, lambda s: s.clamp(min=0) + torch.log1p(torch.exp(-s.abs()))) == set()
    assert caught_by(checks, right, lambda s: softplus(s, threshold=40)) == set()
    assert caught_by(checks, right, lambda s: torch.log(1 + torch.exp(s))) == {"stable"}
    assert caught_by(checks, right, lambda s: -torch.log(torch.sigmoid(-s))) == {"stable"}


def test_the_gradient_at_extreme_values_must_be_right_as_well():
    checks = "check('f', s=tensor('N', zero=False), laws=[stable('s')])"
    right = torch.nn.functional.logsigmoid
    where = lambda s: torch.where(s > -50, torch.log(torch.sigmoid(s)), s)  # noqa: E731
    assert caught_by(checks, right, lambda s: -torch.nn.functional.softplus(-s)) == set()
    assert "stable" in caught_by(checks, right, where)  # its value is right, its gradient is NaN
    assert "stable" in caught_by(checks, right, lambda s: right(s.clamp(-70, 70)) + (s + 70).clamp(max=0).detach())


def test_a_result_must_not_require_grad_also_where_the_arguments_do():
    checks = "check('f', p=params({'w': 'D', 'b': ''}), lr=number(0, 1), laws=[detached('p')])"
    right = lambda p, lr: {name: leaf.detach() * lr for name, leaf in p.items()}  # noqa: E731
    assert caught_by(checks, right, torch.no_grad()(lambda p, lr: {n: lr * leaf for n, leaf in p.items()})) == set()
    careless = lambda p, lr: {name: leaf * lr for name, leaf in p.items()}  # noqa: E731
    assert caught_by(checks, right, careless) == {"detached"}
    told = verdict(checks, right, careless).message
    assert "what it gives is something that requires grad, not plain tensors" in told


def test_a_view_must_share_memory_and_a_copy_must_not():
    shared = "check('f', x=tensor('N D'), laws=[shares_memory('x')])"
    assert caught_by(shared, lambda x: x.mT, lambda x: torch.swapaxes(x, 0, 1)) == set()
    assert caught_by(shared, lambda x: x.mT, lambda x: x.mT.clone()) == {"shares_memory"}
    owned = "check('f', x=tensor('N D'), laws=[owns_memory('x')])"
    assert caught_by(owned, lambda x: x.mT.clone(), lambda x: torch.stack(x.unbind(), 1)) == set()
    assert caught_by(owned, lambda x: x.mT.clone(), lambda x: x.mT) == {"owns_memory"}


def test_memory_of_numpy_arrays_counts_as_well():
    shared = "check('f', a=array('N'), laws=[shares_memory('a')])"
    assert caught_by(shared, torch.from_numpy, torch.as_tensor) == set()
    assert caught_by(shared, torch.from_numpy, torch.tensor) == {"shares_memory"}
    owned = "check('f', a=array('N'), laws=[owns_memory('a')])"
    assert caught_by(owned, torch.tensor, lambda a: torch.from_numpy(a.copy())) == set()
    assert caught_by(owned, torch.tensor, torch.as_tensor) == {"owns_memory"}


def test_memory_must_not_grow_with_the_square():
    checks = "check('f', x=tensor('D'), v=tensor('D'), laws=[memory_linear_in('D')])"
    right = lambda x, v: x * (x * v).sum()  # noqa: E731
    assert caught_by(checks, right, lambda x, v: torch.stack([x, v]).prod(0).sum() * x) == set()
    assert caught_by(checks, right, lambda x, v: torch.outer(x, x) @ v) == {"memory_linear_in"}
    assert caught_by(checks, right, lambda x, v: (x[:, None] * x[None] * v[None]).sum(1)) == {"memory_linear_in"}


RANDOM = "check('f', key=key(), n=integer(2, 5), values=False, laws=[deterministic_in_key()])"


def drawn(key: torch.Tensor, n: int) -> torch.Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(int(key[0] * 31 + key[1]) % 2**60))


def test_a_key_alone_must_decide_a_draw():
    assert caught_by(RANDOM, drawn, lambda key, n: drawn(3 * key, n)) == set()
    assert caught_by(RANDOM, drawn, lambda key, n: torch.full((n,), 0.5)) == {"deterministic_in_key"}
    assert caught_by(RANDOM, drawn, lambda key, n: drawn(0 * key, n)) == {"deterministic_in_key"}
    own = torch.Generator()
    unkeyed = caught_by(RANDOM, drawn, lambda key, n: torch.rand(n, generator=own))
    assert "deterministic_in_key" in unkeyed
    assert caught_by(RANDOM, drawn, lambda key, n: torch.rand(n)) >= {"pure"}


def test_sizes_can_be_fixed_where_small_draws_would_be_equal_by_chance():
    coins = "check('f', key=key(), n=size('N'), values=False, laws=[deterministic_in_key(N=60)])"
    flips = lambda key, n: (drawn(key, n) < 0.5).long()  # noqa: E731
    assert caught_by(coins, flips, lambda key, n: 1 - flips(key, n)) == set()
    assert caught_by(coins, flips, lambda key, n: flips(0 * key, n)) == {"deterministic_in_key"}


def test_a_predicate_can_look_through_a_trial_of_its_own_at_a_large_draw():
    checks = (
        "def twice_as_many(answer, key, n):\n    return answer.f(key, 2 * n)\n\n"
        "def is_fair(draws, key, n):\n"
        '    """Is fair"""\n'
        "    mean = float(draws.mean())\n"
        "    return None if abs(mean - 0.5) < 0.1 else f'the mean is {mean} of {len(draws)}'\n\n"
        "check('f', key=key(), n=size('N'), values=False, laws=[satisfies(is_fair, trial=twice_as_many, N=500)])"
    )
    assert caught_by(checks, drawn, lambda key, n: 1 - drawn(key, n)) == set()
    unfair = lambda key, n: drawn(key, n) ** 2  # noqa: E731
    assert caught_by(checks, drawn, unfair) == {"is_fair"}
    assert "of 1000" in verdict(checks, drawn, unfair).message


def test_a_random_answer_is_judged_by_a_predicate():
    checks = (
        "def in_unit_interval(draws, key, n):\n"
        '    """Is between 0 and 1."""\n'
        "    return None if bool((draws >= 0).all() and (draws <= 1).all()) else f'{n} draws leave [0, 1]'\n\n"
        "check('f', key=key(), n=integer(2, 5), values=False, laws=[satisfies(in_unit_interval)])"
    )
    assert caught_by(checks, drawn, lambda key, n: 1 - drawn(key, n)) == set()
    assert caught_by(checks, drawn, lambda key, n: 2 + drawn(key, n)) == {"in_unit_interval"}
    found = verdict(checks, drawn, lambda key, n: 2 + drawn(key, n))
    assert found.message.endswith("draws leave [0, 1]. A right answer is between 0 and 1.")


def test_another_trial_can_look_at_more():
    checks = (
        "def how_it_is_laid_out(answer, x):\n"
        '    """Is contiguous in memory"""\n'
        "    return answer.f(x).is_contiguous()\n\n"
        "check('f', x=tensor('N D'), laws=[seen_by(how_it_is_laid_out)])"
    )
    right = lambda x: x.mT.contiguous()  # noqa: E731
    assert caught_by(checks, right, lambda x: x.mT.clone(memory_format=torch.contiguous_format)) == set()
    assert caught_by(checks, right, lambda x: x.mT) == {"how_it_is_laid_out"}
    assert verdict(checks, right, lambda x: x.mT).message.endswith("A right answer is contiguous in memory.")


def test_a_trial_that_takes_other_arguments_or_is_a_lambda_is_refused():
    with pytest.raises(ValueError, match=r"trial 'look' takes \('y',\): it must take \('x',\)"):
        collect(
            "from checker.spec import *\ndef look(answer, y):\n    return y\n"
            "check('f', x=tensor('N'), laws=[seen_by(look)])",
            "checks.py",
        )
    with pytest.raises(ValueError, match="is no plain function: write it with `def`"):
        collect(
            "from checker.spec import *\nlook = lambda answer, x: x\ncheck('f', x=tensor('N'), trial=look)", "checks.py"
        )
