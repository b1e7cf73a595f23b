"""The computation graph of a small function, as data: what was computed, and how a small change would run through it.

Autograd keeps such a graph to itself. Here it is recorded while the function runs once (`make_fx`), then gone through
forwards for the values and backwards for the gradients, as the chain rule says:

    gradient of an input = sum over the nodes that use it of  (gradient of the node) times (its local derivative)

`xorfunc.plot` and a reader's own eyes are what it is for: a few dozen nodes, small tensors.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx
from torch.fx.node import map_arg
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree  # as in xorfunc.step


class Node(NamedTuple):
    """One value of the computation.

    `operation` is "input", "constant", or the name of a function; `inputs` are the names of the nodes it was given.
    `local` has for each of them how fast the node's entries, summed, grow with each entry of that input. (For an
    operation on entries that is the derivative of each in its own.) `gradient` is the derivative of the result in each
    entry of this node. Both are for floats alone; an integer has none.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    value: Tensor
    local: dict[str, Tensor]
    gradient: Tensor | None

    @property
    def shown_value(self) -> str:
        """The value in three digits, or its shape if it is long."""
        return _short(self.value)

    @property
    def shown_gradient(self) -> str:
        """The same for the gradient; nothing where there is none."""
        return _short(self.gradient)


class Graph(NamedTuple):
    """The nodes in the order in which they were computed; the last one is the result.

    `str` gives one line a node.
    """

    nodes: tuple[Node, ...]

    def __getitem__(self, name: str) -> Node:  # type: ignore[override] -- by name is how a graph is read
        """The node of that name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"{name!r} is no node: the graph has {', '.join(node.name for node in self.nodes)}.")

    def __str__(self) -> str:
        rows = [("node", "operation", "value", "gradient")]
        for node in self.nodes:
            shown = f"{node.operation}({', '.join(node.inputs)})" if node.inputs else node.operation
            rows.append((node.name, shown, node.shown_value, node.shown_gradient))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def trace(f: Callable[..., Tensor], *args: Any) -> Graph:
    """Run a function once, and tell all that it computed.

    Args:
        f: gives a scalar from tensors, or dicts and lists of tensors.
        args: what it is called with.

    Raises:
        ValueError: if there is no tensor among the arguments, the result is no scalar of floats, `f` reads a number out
            of a tensor or hides a part from autograd other than by `detach`, or an operation has several results.

    >>> def distance(w, x):
    ...     return (x - w).square().sum().sqrt()
    >>> graph = trace(distance, torch.tensor([-1.0, 1.0]), torch.tensor([1.5, 2.5]))
    >>> print(graph)
    node   operation    value         gradient
    w      input        [-1, 1]       [-0.857, -0.514]
    x      input        [1.5, 2.5]    [0.857, 0.514]
    sub    sub(x, w)    [2.5, 1.5]    [0.857, 0.514]
    pow_1  pow(sub)     [6.25, 2.25]  [0.171, 0.171]
    sum_1  sum(pow_1)   8.5           0.171
    sqrt   sqrt(sum_1)  2.92          1
    >>> graph["pow_1"].local["sub"]
    tensor([5., 3.])
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # brings the compiler's modules with it: a second

    leaves, spec = pytree.tree_flatten(args)
    if not leaves or not all(isinstance(leaf, Tensor) for leaf in leaves):
        raise ValueError(f"args has {len(leaves)!r} leaves that are not all tensors: every input is one. Wrap numbers.")
    leaves = [leaf.detach().clone() for leaf in leaves]

    def flat(*leaves: Tensor) -> Tensor:
        with torch.enable_grad(), _InSight():
            return f(*pytree.tree_unflatten(leaves, spec))

    try:
        module = make_fx(torch.func.functionalize(flat, remove="mutations"))(*(leaf.clone() for leaf in leaves))
    except RuntimeError as error:
        if "_local_scalar_dense" in str(error):
            raise _reads_a_number("an `if` on a value, or `.item()`") from error
        raise
    for node in module.graph.nodes:  # what f writes to its arguments is in nodes of its own; this writes it back
        if node.target is torch.ops.aten.copy_.default and node.args[0].op == "placeholder":
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()
    names = dict(zip((n for n in module.graph.nodes if n.op == "placeholder"), _names(f, args), strict=True))
    recorded = _Recorder(module)
    recorded.extra_traceback = False  # it would end our message with the compiler's words
    result = recorded.run(*leaves)
    if not isinstance(result, Tensor) or result.ndim or not result.is_floating_point():
        raise ValueError(f"f gives {_described(result)}: a gradient is of a scalar of floats. Sum it, say.")
    return _walked_back(module, recorded.values, names)


class _InSight(TorchFunctionMode):
    """Refuses what leaves no node behind while it changes the result or its gradient."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (Tensor.tolist, Tensor.numpy, Tensor.__array__):
            raise _reads_a_number(f"`.{func.__name__}()`")
        data: Any = Tensor.data
        if func == data.__get__ or (func is torch._C._set_grad_enabled and not args[0]):  # pyright: ignore[reportPrivateUsage] -- what no_grad calls
            raise ValueError(
                "f hides a part from autograd by `torch.no_grad` or `.data`: every part has a node, or its gradient "
                "would be wrong. Use `.detach()`."
            )
        return func(*args, **(kwargs or {}))


def _reads_a_number(how: str) -> ValueError:
    return ValueError(
        f"f reads a number out of a tensor ({how}): its graph would be another for other inputs. Use torch.where."
    )


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps what each node gives."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.values: dict[fx.Node, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.op != "output":
            if not isinstance(value, Tensor):
                raise ValueError(
                    f"{n.target} gives {_described(value)}: a node is one tensor. Use an operation of one."
                )
            self.values[n] = value.detach()
        return value


def _walked_back(module: fx.GraphModule, values: dict[fx.Node, Tensor], names: dict[fx.Node, str]) -> Graph:
    """The chain rule from the result to the inputs."""
    taken = set(names.values())  # a parameter may be called as an operation's node is
    named = {node: names.get(node, node.name + "_" * (node.name in taken)) for node in values}
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    (result,) = output.all_input_nodes
    gradients = {node: torch.zeros_like(v) for node, v in values.items() if v.is_floating_point()}
    gradients[result] = torch.ones_like(values[result])
    nodes: list[Node] = []
    for node in reversed(values):
        floats = [n for n in node.all_input_nodes if n in gradients]
        local: dict[str, Tensor] = {}
        if node in gradients and floats:
            pull_back = _pull_back(node, values, floats)
            local = dict(zip((named[n] for n in floats), pull_back(torch.ones_like(values[node])), strict=True))
            for n, g in zip(floats, pull_back(gradients[node]), strict=True):
                gradients[n] = gradients[n] + g
        inputs = tuple(named[n] for n in node.all_input_nodes)
        nodes.append(Node(named[node], _operation(node), inputs, values[node], local, gradients.get(node)))
    return Graph(tuple(reversed(nodes)))


def _pull_back(
    node: fx.Node, values: dict[fx.Node, Tensor], floats: list[fx.Node]
) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """From the gradient of a node to what its operation makes of it for each of its inputs."""

    def again(*given: Tensor) -> Tensor:
        replaced = values | dict(zip(floats, given, strict=True))
        args: Any = map_arg(node.args, lambda n: replaced[n])
        kwargs: Any = map_arg(node.kwargs, lambda n: replaced[n])
        operation: Any = node.target
        return operation(*args, **kwargs)

    return torch.func.vjp(again, *(values[n] for n in floats))[1]


def _operation(node: fx.Node) -> str:
    if node.op != "call_function":
        return {"placeholder": "input", "get_attr": "constant"}[node.op]
    return str(node.target).split(".")[1]  # aten.sub.Tensor


def _names(f: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """The inputs by the names of the function's parameters, those inside a dict or a list by their place in it."""
    try:
        parameters = [*inspect.signature(f).bind(*args).arguments]
    except (TypeError, ValueError):
        parameters = []
    if len(parameters) != len(args):  # *args has one name for many
        parameters = [f"input_{i}" for i in range(len(args))]
    return [
        f"{name}{pytree.keystr(path)}"
        for name, arg in zip(parameters, args, strict=True)
        for path, _ in pytree.tree_flatten_with_path(arg)[0]
    ]


def _short(x: Tensor | None) -> str:
    if x is None:
        return ""
    if x.numel() > 6:
        return f"{'x'.join(map(str, x.shape))} numbers"
    return _digits(x.tolist())


def _digits(x: Any) -> str:
    return f"[{', '.join(map(_digits, x))}]" if isinstance(x, list) else f"{x:.3g}"


def _described(result: object) -> str:
    return (
        f"a tensor of shape {tuple(result.shape)!r}, {result.dtype}"
        if isinstance(result, Tensor)
        else repr(type(result))
    )
