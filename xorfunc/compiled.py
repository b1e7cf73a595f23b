"""The fast ways to run one and the same training: what they cost, and when they are right.

A run takes the leaves of parameters and state through epochs of data. Three ways give the same trajectory within
rounding:

    eager      `optimizer_step` in a loop: the meaning of all of them
    traced     the step's graph, replayed without Python between its operations; ready in a tenth of a second
    compiled   a loop over whole epochs in machine code (`torch.compile`); needs a C++ compiler and some ten seconds

No fast way is trusted. Its first steps are compared with the meaning, on other data than it was traced with, and
whatever fails (a function that cannot be traced, a compiler that is not there) leads back to a slower way that works,
with one warning that says why.
"""

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx

from xorfunc.examples_last import examples_last
from xorfunc.members_last import core
from xorfunc.step import CannotTrace, FlatStep, apart, same_within_rounding, trace_step

Leaves: TypeAlias = Sequence[Any]  # tensors; the eager run carries `(params, state)` whole, in whatever form
# (leaves, x [E, N, ...], y [E, N, ...]) -> after each epoch or few: the leaves, and the losses [e] of these epochs
Run: TypeAlias = Callable[[Leaves, Tensor, Tensor], Iterator[tuple[Leaves, Tensor]]]

_numbers = itertools.count()

EXAMPLES_A_CALL = 8192  # in a compiled loop: enough to hide what a call costs, few enough to be interrupted


def epochs_a_call(num_examples: int, num_epochs: int) -> int:
    """How many epochs a compiled call takes: a round number, as the number of epochs is likely to be a multiple of it.

    >>> epochs_a_call(1000, num_epochs=100), epochs_a_call(1000, num_epochs=3), epochs_a_call(1_000_000, num_epochs=3)
    (5, 2, 1)
    """
    most = min(EXAMPLES_A_CALL // num_examples, num_epochs)
    return max(n for n in (1, 2, 5, 10, 20, 50, 100) if n <= max(most, 1))


def looped(step: FlatStep, batch_size: int, mode: Callable[[], AbstractContextManager[None]] = torch.no_grad) -> Run:
    """Epochs as a Python loop over any step; the loss of an epoch is the mean over its examples.

    Args:
        step: any flat step.
        batch_size: examples a step.
        mode: what the steps run under.

    >>> run = looped(lambda count, x, y: (count + 1, x.mean()), batch_size=2)
    >>> list(run([torch.tensor(0)], torch.tensor([[1.0, 1.0, 4.0]]), torch.zeros(1, 3)))
    [([tensor(2)], tensor([2.]))]
    """

    def run(leaves: Leaves, xs: Tensor, ys: Tensor) -> Iterator[tuple[Leaves, Tensor]]:
        for x, y in zip(xs, ys, strict=True):
            losses: list[Tensor] = []
            with mode():  # not around a yield, where it would be the caller's mode as well
                for x_batch, y_batch in zip(x.split(batch_size), y.split(batch_size), strict=True):
                    *leaves, loss = step(*leaves, x_batch, y_batch)
                    losses.append(loss)
                mean = _mean_over_examples(torch.stack(losses), len(x), batch_size)
            yield leaves, mean[None]

    return run


def _mean_over_examples(losses: Tensor, num_examples: int, batch_size: int) -> Tensor:
    """The mean over examples from means over batches, of which the last may be shorter."""
    whole, rest = divmod(num_examples, batch_size)
    total = batch_size * losses[:whole].sum(0)
    if rest:
        total = total + rest * losses[-1]
    return total / num_examples


def traced(step: FlatStep, meaning: FlatStep, leaves: Leaves, x: Tensor, y: Tensor, batch_size: int) -> Run:
    """Epochs as a Python loop over the replayed graph of a step.

    Args:
        step: what is traced.
        meaning: what it is compared with.
        leaves: where training starts.
        x: the inputs of an epoch `[N, ...]`.
        y: their targets.
        batch_size: examples a step.

    Raises:
        CannotTrace: with the reason, if the step cannot be traced or its graph does something else.
    """
    return _replayed_run(_graphs(step, meaning, leaves, x, y, batch_size), leaves, x, y, batch_size)


def compiled(
    step: FlatStep,
    meaning: FlatStep,
    leaves: Leaves,
    x: Tensor,
    y: Tensor,
    batch_size: int,
    num_epochs: int,
    one_thread: bool = False,
    small: bool = False,
) -> Run:
    """Epochs as one loop in machine code, a few epochs a call.

    Args:
        step: what is traced and compiled.
        meaning: what its graph is compared with.
        leaves: where training starts.
        x: the inputs of an epoch `[N, ...]`.
        y: their targets.
        batch_size: examples a step.
        num_epochs: how many epochs one call runs; those that are left over are replayed.
        one_thread: use a single thread, as is best for little work and beside other runs.
        small: lay batches out with the examples last, as is best for one small model.

    Raises:
        CannotTrace: with the reason, if the step cannot be traced or its graph does something else.
        Exception: whatever the compiler raises.
    """
    graphs = _graphs(step, meaning, leaves, x, y, batch_size)
    turned = _turned(graphs, leaves, x, y) if small else None
    call = torch.compile(
        _scanned(turned or graphs, [leaf.shape for leaf in leaves], batch_size, turned is not None),
        fullgraph=True,
        dynamic=False,
        options=_options(x.device, one_thread),
    )
    slower = _replayed_run(graphs, leaves, x, y, batch_size)

    def run(leaves: Leaves, xs: Tensor, ys: Tensor) -> Iterator[tuple[Leaves, Tensor]]:
        whole = len(xs) - len(xs) % num_epochs
        for i in range(0, whole, num_epochs):
            with torch.no_grad():
                # Leaves that require grad, or that the replay left in inference mode, would be compiled for anew.
                leaves, losses = call(apart(leaves), xs[i : i + num_epochs], ys[i : i + num_epochs])
            yield leaves, losses
        yield from slower(leaves, xs[whole:], ys[whole:])

    xs, ys = (torch.stack([data.flip(0)] * num_epochs) for data in (x, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's, of its own parts
        *_, (by_compiler, _) = run(leaves, xs, ys)
    *_, (by_graph, _) = slower(leaves, xs, ys)
    # Rounding grows from step to step, and a schedule may round as float32 whatever the parameters are.
    if not same_within_rounding([p.float() for p in by_compiler], [p.float() for p in by_graph], slack=100):
        raise CannotTrace("the compiled step gives other numbers than the same operations one by one")
    return run


def batch_sizes(num_examples: int, batch_size: int) -> set[int]:
    """The one or two sizes that the batches of an epoch have.

    >>> sorted(batch_sizes(1000, 128))
    [104, 128]
    """
    full = min(batch_size, num_examples)
    return {full, num_examples % batch_size or full}


def _graphs(
    step: FlatStep, meaning: FlatStep, leaves: Leaves, x: Tensor, y: Tensor, batch_size: int
) -> dict[int, fx.GraphModule]:
    """The graphs of the step for full batches and for the last, shorter one, by their number of examples."""
    graphs = {size: trace_step(step, leaves, x[:size], y[:size]) for size in batch_sizes(len(x), batch_size)}
    # A number that a graph took for a constant shows on other data, or after some steps, where it came from a state.
    others = x.flip(0), y.flip(0)
    for size, graph in graphs.items():
        for start in (0, len(x) - size, (len(x) - size) // 2):
            x_batch, y_batch = (data[start : start + size] for data in others)
            with torch.no_grad():
                by_graph, by_meaning = graph(*leaves, x_batch, y_batch), meaning(*leaves, x_batch, y_batch)
            if not same_within_rounding(by_graph, by_meaning):
                raise CannotTrace(
                    "its graph gives other numbers than it does (does it draw at random, or keep a state?)"
                )
            leaves = by_meaning[:-1]
    return graphs


def _turned(
    graphs: dict[int, fx.GraphModule], leaves: Leaves, x: Tensor, y: Tensor
) -> dict[int, fx.GraphModule] | None:
    """The graphs for batches with the examples last; None if that fails for one."""
    turned: dict[int, fx.GraphModule] = {}
    for size, graph in graphs.items():
        batch = x[:size], y[:size]
        as_stored = [_examples_last(data) for data in batch]
        try:
            turned[size] = trace_step(examples_last(core(graph, *leaves, *batch)), leaves, *as_stored)
            with torch.no_grad():
                if not same_within_rounding(turned[size](*leaves, *as_stored), graph(*leaves, *batch)):
                    return None
        except Exception:  # any, of any operation: the recorded graph does as well
            return None
    return turned


def _examples_last(data: Tensor, axis: int = 0) -> Tensor:
    return data.movedim(axis, -1).contiguous()


def _replayed_run(graphs: dict[int, fx.GraphModule], leaves: Leaves, x: Tensor, y: Tensor, batch_size: int) -> Run:
    steps = {size: _replayed(graph, leaves, x[:size], y[:size]) for size, graph in graphs.items()}
    return looped(lambda *arguments: steps[len(arguments[-1])](*arguments), batch_size, torch.inference_mode)


def _replayed(graph: fx.GraphModule, leaves: Leaves, x: Tensor, y: Tensor) -> FlatStep:
    """The graph in TorchScript's interpreter; in Python, at twice the time, if a torch has no such thing any more."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # deprecated, and nothing else replays without a compiler
            script: Any = torch.jit.trace(graph.eval(), (*apart(leaves), x, y), check_trace=False)
            return torch.jit.freeze(script)
    except Exception:
        return graph


def _scanned(
    graphs: dict[int, fx.GraphModule], shapes: Sequence[torch.Size], batch_size: int, turned: bool
) -> Callable[..., tuple[Leaves, Tensor]]:
    """`(leaves, x [E, N, ...], y [E, N, ...]) -> (leaves, losses [E])` as one loop that a compiler sees whole.

    Args:
        graphs: the step for each size of a batch.
        shapes: of the leaves.
        batch_size: examples a step.
        turned: whether the graphs take batches with the examples last.
    """
    from torch._higher_order_ops.scan import scan  # private, hence behind a fallback

    # A loop's state keeps its strides, and those of an axis of size one are anyone's guess: so it is carried flat.
    def step(flat: list[Tensor], batch: tuple[Tensor, Tensor]) -> tuple[list[Tensor], Tensor]:
        leaves = [leaf.view(shape) for leaf, shape in zip(flat, shapes, strict=True)]
        *leaves, loss = graphs[batch[0].shape[-1 if turned else 0]](*leaves, *batch)
        return [leaf.reshape(-1) for leaf in leaves], loss

    def epoch(flat: list[Tensor], data: tuple[Tensor, Tensor]) -> tuple[list[Tensor], Tensor]:
        x, y = data
        whole = len(x) - len(x) % batch_size
        losses: list[Tensor] = []
        if whole:
            batches = tuple(d[:whole].reshape(-1, batch_size, *d.shape[1:]) for d in (x, y))
            if turned:
                batches = tuple(_examples_last(d, 1) for d in batches)
            flat, of_full = scan(step, flat, batches)
            losses.append(of_full)
        if whole < len(x):
            rest = x[whole:], y[whole:]
            if turned:
                rest = _examples_last(rest[0]), _examples_last(rest[1])
            flat, of_rest = step(flat, rest)
            losses.append(of_rest[None])
        return flat, _mean_over_examples(torch.cat(losses), len(x), batch_size)

    def epochs(leaves: Leaves, xs: Tensor, ys: Tensor) -> tuple[Leaves, Tensor]:
        flat, losses = scan(epoch, [leaf.reshape(-1) for leaf in leaves], (xs, ys))
        return [leaf.view(shape) for leaf, shape in zip(flat, shapes, strict=True)], losses

    # The compiler allows a few variants of one piece of code and then gives up; each program is a piece of its own.
    epochs.__code__ = epochs.__code__.replace(co_name=f"epochs_{next(_numbers)}")
    return epochs


def _next(run: Iterator[tuple[Leaves, Tensor]]) -> tuple[Leaves, Tensor] | None:
    return next(run, None)


def chunked(run: Run, num_chunks: int, num_threads: int = 1) -> Run:
    """One run for each chunk of an ensemble's members; the same data for all.

    Its leaves are those of the first chunk, of the second, and so on; its losses `[e, K]`. Threads are for compiled
    runs, which hold Python's lock only between calls; others would wait for each other's.

    >>> run = looped(lambda w, x, y: (w + 1, w), batch_size=2)
    >>> both = chunked(run, num_chunks=2, num_threads=2)
    >>> list(both([torch.zeros(1), torch.ones(1)], torch.zeros(1, 2), torch.zeros(1, 2)))
    [([tensor([1.]), tensor([2.])], tensor([[0., 1.]]))]
    """

    def run_all(leaves: Leaves, xs: Tensor, ys: Tensor) -> Iterator[tuple[Leaves, Tensor]]:
        size = len(leaves) // num_chunks
        runs = [run(leaves[i * size : (i + 1) * size], xs, ys) for i in range(num_chunks)]
        with ThreadPoolExecutor(num_threads) as pool:
            for_each = pool.map if num_threads > 1 else map
            while reached := [after for after in for_each(_next, runs) if after]:  # they end together
                yield (
                    [leaf for leaves, _ in reached for leaf in leaves],
                    torch.cat([losses for _, losses in reached], 1),
                )

    return run_all


def _options(device: torch.device, one_thread: bool) -> dict[str, Any]:
    """What the compiler is told, as far as this torch knows it."""
    if device.type != "cpu":
        return {}
    import torch._inductor  # known by now to whoever traced

    wanted: dict[str, Any] = {
        "cpp_wrapper": True,  # no Python between kernels, and none of its lock
        "cpp.use_decompose_tanh": True,  # through the exponential: half the time, its error within one rounding of 1
        "cpp.threads": 1 if one_thread else -1,
    }
    known = set(torch._inductor.list_options())
    return {name: value for name, value in wanted.items() if name in known}
