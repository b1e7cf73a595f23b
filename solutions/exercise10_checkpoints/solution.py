"""Exercise 10: checkpoints: parameters out of a module and into one, into a file and out of it.

A trained network is worth keeping. As long as it lives in an `nn.Module`, its parameters are objects that an optimizer
changes in place; taken out as a dict of copies, they are values that nothing changes any more, and that every function
of this course takes. A file of them must give back each bit, and must be no more than data: who loads a file of
somebody else's wants numbers from it, not code that runs.

Write each function, then run `xor-check exercise10`.
"""

import torch
from torch import Tensor, nn

Params = dict[str, Tensor]


def module_to_params(module: nn.Module) -> Params:
    """Take a snapshot of all parameters of a module.

    Parameters are what `module.named_parameters()` gives, those of submodules and frozen ones (which do not require
    grad) included. Buffers, such as the running mean of a batch norm, are none.

    Args:
        module: any module; it stays as it is.

    Returns:
        A dict of copies that do not require grad: whatever becomes of the module later leaves them alone.
        With it, exercise 12 makes one ensemble of many modules.

    >>> module = nn.Linear(2, 1)
    >>> params = module_to_params(module)
    >>> {name: tuple(p.shape) for name, p in params.items()}
    {'weight': (1, 2), 'bias': (1,)}
    >>> params["bias"].requires_grad, module.bias.requires_grad
    (False, True)
    """
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def params_to_module(params: Params, module: nn.Module) -> nn.Module:
    """Copy parameters into a module, in place.

    The module keeps its Parameter objects and takes over the values alone, so that an optimizer that was made for them
    goes on. It shares no memory with `params`, and what is frozen stays frozen.

    Args:
        params: a tensor for each name of `module.named_parameters()`, in any order.
        module: the module, without buffers, that takes the values over.

    Returns:
        That same module. It is ready for `functional_logits` of exercise 5 or `train_module` of exercise 8.

    Raises:
        ValueError: a name is missing or unexpected. (An exception of any other type is as good.)

    >>> module = nn.Linear(2, 1)
    >>> params_to_module({"bias": torch.tensor([5.0]), "weight": torch.tensor([[1.0, 2.0]])}, module) is module
    True
    >>> module.weight
    Parameter containing:
    tensor([[1., 2.]], requires_grad=True)
    """
    own = dict(module.named_parameters())
    in_one_only = set(params) ^ set(own)
    if in_one_only:
        raise ValueError(f"{in_one_only} are names of params or of the module alone: both must have the same names")
    with torch.no_grad():
        for name, p in own.items():
            p.copy_(params[name])
    return module


def save_params(params: Params, path: str) -> None:
    """Write parameters to a file, from which `load_params` gives them back to the last bit.

    The format is your choice, as long as loading runs no code: that of `torch.save`, safetensors (the format that the
    library `xorfunc` writes), NumPy's, JSON, one of your own. The two functions are judged as a pair.

    Args:
        params: tensors of float32 or float64, of any shape. They may require grad, share memory with each other, and
            be views that are not contiguous.
        path: where to write; a file that is there already is replaced.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_params({"w": torch.tensor([1.0, 2.0]), "b": torch.tensor(0.5)}, f"{folder}/params.bin")
    ...     load_params(f"{folder}/params.bin")
    {'w': tensor([1., 2.]), 'b': tensor(0.5000)}
    """
    # clone: of a view, torch.save would write all the memory that it looks into.
    torch.save({name: p.detach().clone() for name, p in params.items()}, path)


def load_params(path: str) -> Params:
    """Read parameters from a file that `save_params` wrote.

    A file may come from anybody. `pickle` stores objects as instructions for making them again, and these can call any
    function: whoever unpickles a file runs what its author wrote. A pickled object must raise an exception instead.

    Args:
        path: the file.

    Returns:
        The names, values, shapes and dtypes that were saved, as tensors on the CPU, whatever device they came from;
        exercise 11 takes them to another one.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_params({"w": torch.tensor([0.1], dtype=torch.float64)}, f"{folder}/params.bin")
    ...     load_params(f"{folder}/params.bin")
    {'w': tensor([0.1000], dtype=torch.float64)}
    """
    return torch.load(path, map_location="cpu", weights_only=True)
