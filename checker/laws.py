"""What must hold of an answer: the laws of every function, and those that a check asks for.

Agreement with the solution is the first; the others are the same idea with other inputs, or with a trial that looks at
more than the result. Nothing here knows how to draw, compare or report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from checker import global_state
from checker.law import Law, Rule, Situation, Subject, Trial, code_of
from checker.observation import Array, Raised, identical, leaves, plain

# The laws of every function


def agrees(subject: Subject) -> Law:
    """Demand the solution's answer."""
    return Law("agrees", "gives the right answer", subject.trial, (Situation(6),), subject.code)


def keeps_dtype(subject: Subject) -> Law | None:
    """Demand the right answer in double precision too."""
    if not subject.has_floats:
        return None
    situation = Situation(3, dtype=torch.float64)
    return Law("keeps_dtype", "computes in the dtype of its inputs", subject.trial, (situation,), subject.code)


def any_size(subject: Subject) -> Law | None:
    """Demand the right answer for equal sizes, sizes of one and, where it makes sense, empty inputs."""
    if not subject.arguments:
        return None
    situations = [Situation(4, sizes="any"), Situation(4, sizes="equal"), Situation(2, sizes="one")]
    if len(subject.may_be_one) > 1 or "..." in subject.may_be_one:
        # Each by itself, too: where an axis of size one is squeezed or broadcast away, the others must be larger.
        situations += [Situation(2, fixed=((dim, 1),)) for dim in subject.may_be_one]
    if subject.may_be_empty:
        situations.append(Situation(2, sizes="empty"))
    return Law("any_size", "works for inputs of any size", subject.trial, tuple(situations), subject.code)


def any_layout(subject: Subject) -> Law | None:
    """Demand the right answer for non-contiguous tensors, and for dicts in another order."""
    if not subject.has_tensors:
        return None
    situation = Situation(3, strided=True)
    demand = "works for tensors that are not contiguous in memory"
    return Law("any_layout", demand, subject.trial, (situation,), subject.code)


def keeps_device(subject: Subject) -> Law:
    """Demand the answer on the device of the inputs."""
    return Law("keeps_device", "stays on the device of its inputs", subject.trial, (Situation(2),), subject.code)


RESULT = "result"
UNCHANGED = "as before"
SAME = "the same answer"


def pure(subject: Subject) -> Law:
    """Demand that a call changes nothing: no argument, no global state, no later answer."""

    def trial(answer: Any, *inputs: Any) -> Any:
        arguments_before = _arguments(subject, inputs)
        state_before = global_state.read()
        result = plain(subject.trial(answer, *inputs))
        state = changes(state_before, global_state.read())
        arguments = changes(arguments_before, _arguments(subject, inputs))
        seen: dict[str, Any] = {RESULT: result, "after the call": arguments | state}
        if not subject.changes:
            is_same_call = all(told == UNCHANGED for told in arguments.values())
            again = _again(subject, answer, inputs) if is_same_call else result
            seen["the same call again"] = SAME if identical(result, again) else again
        return seen

    demand = "changes nothing: neither its arguments nor global state, and it gives the same answer twice"
    if subject.changes:
        demand = f"changes nothing but {' and '.join(f'`{name}`' for name in subject.changes)}"
    return Law("pure", demand, trial, (Situation(3),), subject.code, holds_answer=RESULT)


def _again(subject: Subject, answer: Any, inputs: tuple[Any, ...]) -> Any:
    """Give what the same call gives a second time; what it raises is another answer than the first."""
    try:
        return plain(subject.trial(answer, *inputs))
    except Exception as error:
        return Raised(type(error).__qualname__, str(error))


def _arguments(subject: Subject, inputs: tuple[Any, ...]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, value in zip(subject.arguments, inputs, strict=True):
        if name in subject.changes or callable(value):
            continue
        state[f"argument {name}"] = plain(value)
        for label, tensor in _tensors(name, value).items():
            state[f"{label}.requires_grad"] = tensor.requires_grad
            state[f"{label}.grad"] = plain(tensor.grad) if tensor.is_leaf else None
    return state


def _tensors(name: str, value: Any) -> dict[str, Tensor]:
    """Give the tensors of an argument, a tensor or a dict of tensors, as an expression would name them."""
    items = {f"{name}[{key!r}]": item for key, item in value.items()} if isinstance(value, dict) else {name: value}
    return {label: item for label, item in items.items() if isinstance(item, Tensor)}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Give what became of each named thing: `UNCHANGED`, or what it is now."""

    def told(name: str) -> Any:
        if name not in after:
            return "gone"
        if identical(before[name], after[name]):
            return UNCHANGED
        return "another one" if name.endswith("random state") else after[name]

    return {name: told(name) for name in before}


DEFAULT: tuple[Rule, ...] = (agrees, keeps_dtype, any_size, any_layout, pure)


# Laws that a check asks for


def vmaps(**in_dims: int) -> Rule:
    """Demand that `torch.func.vmap` can map the function over an axis of the named arguments."""

    def rule(subject: Subject) -> Law:
        dims = tuple(in_dims.get(name) for name in subject.arguments)

        def trial(answer: Any, *inputs: Any) -> Any:
            mapped = [value for value, dim in zip(inputs, dims, strict=True) if dim is not None]

            def one(*examples: Any) -> Any:
                values = iter(examples)
                chosen = (next(values) if dim is not None else x for x, dim in zip(inputs, dims, strict=True))
                return subject.trial(answer, *chosen)

            return torch.func.vmap(one, in_dims=tuple(dim for dim in dims if dim is not None))(*mapped)

        names = ", ".join(subject.arguments)
        code = f"torch.func.vmap({subject.name}, in_dims={dims})({names})"
        situation = Situation(3, batched=tuple(in_dims.items()))
        return Law("vmaps", "works under torch.func.vmap", trial, (situation,), code)

    return rule


def differentiates(*names: str) -> Rule:
    """Demand the right gradient with respect to the named arguments, tensors or dicts of tensors."""

    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            return _value_and_gradients(answer, subject, inputs, names)[1]

        demand = f"is differentiable in {' and '.join(f'`{name}`' for name in names)}"
        situations = (Situation(3), Situation(2, dtype=torch.float64))
        return Law("differentiates", demand, trial, situations, _gradient_code(subject, names))

    return rule


def stable(*names: str) -> Rule:
    """Demand the right answer, and the right gradient, for extreme values, up to 1e4, of the named arguments."""

    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            value, gradients = _value_and_gradients(answer, subject, inputs, names)
            return {RESULT: value, **gradients}

        demand = "is finite and accurate for extreme values, and so is its gradient"
        situations = (Situation(8, extreme=names), Situation(4, extreme=names, dtype=torch.float64))
        return Law("stable", demand, trial, situations, _gradient_code(subject, names))

    return rule


def _value_and_gradients(
    answer: Any, subject: Subject, inputs: tuple[Any, ...], names: tuple[str, ...]
) -> tuple[Any, dict[str, Any]]:
    """Give the result, and its gradient (along a fixed direction) with respect to the named arguments."""
    wanted = _requiring_grad(subject, inputs, names)
    result = subject.trial(answer, *inputs)
    if not (isinstance(result, Tensor) and result.requires_grad):
        return result, {f"gradient for {label}": None for label in wanted}  # the way back to the arguments is cut
    weights = torch.cos(torch.arange(result.numel(), dtype=result.dtype, device=result.device))
    value = (weights.reshape(result.shape) * result).sum()
    grads = torch.autograd.grad(value, list(wanted.values()), allow_unused=True, materialize_grads=True)
    return result, {f"gradient for {label}": grad for label, grad in zip(wanted, grads, strict=True)}


def _gradient_code(subject: Subject, names: tuple[str, ...]) -> str:
    """Give the lines that do what `_value_and_gradients` does, for a reader."""
    *before, last = subject.code.split("\n")
    wanted = (f"*{name}.values()" if name in subject.dicts else name for name in names)
    return "\n".join(
        [
            *_requiring_grad_code(subject, names),
            *before,
            f"result = {last}",
            "weights = torch.cos(torch.arange(result.numel(), dtype=result.dtype)).reshape(result.shape)",
            f"wanted = [{', '.join(wanted)}]",
            "torch.autograd.grad((weights * result).sum(), wanted, allow_unused=True, materialize_grads=True)",
        ]
    )


def _requiring_grad(subject: Subject, inputs: tuple[Any, ...], names: tuple[str, ...]) -> dict[str, Tensor]:
    """Have the tensors of the named arguments require grad, and give them."""
    named = dict(zip(subject.arguments, inputs, strict=True))
    return {label: tensor.requires_grad_() for name in names for label, tensor in _tensors(name, named[name]).items()}


def _requiring_grad_code(subject: Subject, names: tuple[str, ...]) -> list[str]:
    return [
        f"for tensor in {name}.values():\n    tensor.requires_grad_()"
        if name in subject.dicts
        else f"{name}.requires_grad_()"
        for name in names
    ]


def detached(*names: str) -> Rule:
    """Demand results that do not require grad, also where the named arguments, tensors or dicts of them, do."""

    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            _requiring_grad(subject, inputs, names)
            result = plain(subject.trial(answer, *inputs))
            flags = [leaf.requires_grad for leaf in leaves(result) if isinstance(leaf, Array)]
            return {RESULT: result, "what it gives": "something that requires grad" if any(flags) else "plain tensors"}

        code = "\n".join([*_requiring_grad_code(subject, names), subject.code])
        demand = "gives plain tensors, which do not require grad"
        return Law("detached", demand, trial, (Situation(3),), code)

    return rule


def shares_memory(name: str) -> Rule:
    """Demand that the result is a view: what is written into the argument shows in it."""
    return _written(name, "shares_memory", f"shares memory with `{name}`: writing into `{name}` shows in the result")


def owns_memory(name: str) -> Rule:
    """Demand that the result is a copy: what is written into the argument does not show in it."""
    return _written(name, "owns_memory", f"gives a result of its own: writing into `{name}` later leaves it alone")


def _written(name: str, law: str, demand: str) -> Rule:
    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            result = subject.trial(answer, *inputs)
            argument = inputs[subject.arguments.index(name)]
            with torch.no_grad():
                argument += 1
            return result

        code = f"result = {subject.code}\n{name} += 1\nresult"
        return Law(law, demand, trial, (Situation(6), Situation(3, strided=True)), code)

    return rule


def memory_linear_in(dim: str, *, size: int = 512) -> Rule:
    """Demand that no tensor grows with the square of a dimension, which is made large."""

    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            with LargestTensor() as largest:
                subject.trial(answer, *inputs)
            limit = 16 * size
            fits = largest.entries <= limit
            return {
                "the largest tensor": f"linear in {dim}" if fits else f"{largest.entries:,} entries at {dim} = {size}"
            }

        demand = f"needs memory in proportion to {dim}, not to its square"
        return Law("memory_linear_in", demand, trial, (Situation(1, fixed=((dim, size),)),), subject.code)

    return rule


class LargestTensor(TorchDispatchMode):
    """Notes the largest tensor that any operation makes while the mode is on."""

    def __init__(self) -> None:
        super().__init__()
        self.entries = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for item in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(item, Tensor):
                self.entries = max(self.entries, item.untyped_storage().size() // item.element_size())
        return result


def deterministic_in_key(name: str = "key", /, **sizes: int) -> Rule:
    """Demand of a random function that its key alone decides: same key same draw, other key other draw.

    Args:
        name: which argument is the key.
        sizes: dimensions to fix, at sizes at which no two keys give the same by chance.
    """

    def rule(subject: Subject) -> Law:
        def trial(answer: Any, *inputs: Any) -> Any:
            place = subject.arguments.index(name)
            other = (*inputs[:place], inputs[place] ^ 1, *inputs[place + 1 :])
            first, again, another = (plain(subject.trial(answer, *given)) for given in (inputs, inputs, other))
            return {
                "the same key": SAME if identical(first, again) else "another answer",
                "another key": SAME if identical(first, another) else "another answer",
            }

        code = f"{subject.code}\n{name} = {name} ^ 1\n{subject.code}"
        situation = Situation(4, fixed=tuple(sizes.items()))
        return Law("deterministic_in_key", "draws by its key, and by nothing else", trial, (situation,), code)

    return rule


def satisfies(
    predicate: Callable[..., str | None], *, trial: Trial | None = None, count: int = 4, **sizes: int
) -> Rule:
    """Demand what a predicate looks for.

    Where a random function is judged, two draws of one mistake should differ in the sentence's figures at most: its
    words are what tells mistakes apart.

    Args:
        predicate: judges what the trial saw. Its name is the law's, its docstring the demand.
        trial: what is observed, if not the result.
        count: how many cases are drawn.
        sizes: dimensions to fix, large enough for a statistic.
    """

    def rule(subject: Subject) -> Law:
        code = subject.code if trial is None else _code(trial, subject)
        situation = Situation(count, fixed=tuple(sizes.items()))
        seen = trial or subject.trial
        return Law(predicate.__name__, _demand(predicate), seen, (situation,), code, predicate)

    return rule


def seen_by(trial: Trial, *, count: int = 6) -> Rule:
    """Demand agreement in what another trial sees; its name is the law's, its docstring the demand."""

    def rule(subject: Subject) -> Law:
        return Law(trial.__name__, _demand(trial), trial, (Situation(count),), _code(trial, subject))

    return rule


def _code(trial: Trial, subject: Subject) -> str:
    arguments, code = code_of(trial)
    if arguments != subject.arguments:
        raise ValueError(f"trial {trial.__name__!r} takes {arguments}: it must take {subject.arguments}")
    return code


def _demand(function: Callable[..., Any]) -> str:
    """Give the first line of a docstring as it follows "a right answer": without capital and full stop."""
    line = (function.__doc__ or function.__name__).splitlines()[0].rstrip(".")
    return line[:1].lower() + line[1:]
