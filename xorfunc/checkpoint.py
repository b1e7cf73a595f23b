"""Parameters in and out: from a module to a dict and back, from a dict to a file and back.

A dict taken from a module is a copy, and so is what a module takes over: training one never changes the other. Files
are safetensors: names, shapes, and bytes, nothing that could run. A file appears whole or not at all,
written beside its place and then renamed.
"""

import os
import uuid
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from xorfunc.params import Params, require_names

Module = TypeVar("Module", bound=nn.Module)


def module_to_params(module: nn.Module) -> Params:
    """Copies of all named parameters, frozen ones too, that do not require grad. Buffers are left out.

    >>> {name: tuple(p.shape) for name, p in module_to_params(nn.Linear(2, 3)).items()}
    {'weight': (3, 2), 'bias': (3,)}
    """
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def params_to_module(params: Params, module: Module) -> Module:
    """Copy `params` into the module, in place, and give it back.

    The module keeps its Parameter objects, so an optimizer that holds them goes on; values take their dtype and device.

    Raises:
        ValueError: if a name is missing or unexpected, or a shape differs; the module is then unchanged.

    >>> module = params_to_module({"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, nn.Linear(2, 1))
    >>> module(torch.ones(2))
    tensor([2.], grad_fn=<ViewBackward0>)
    """
    own = dict(module.named_parameters())
    require_names(params, own, "params_to_module")
    for name, p in own.items():
        if p.shape != params[name].shape:
            raise ValueError(
                f"params[{name!r}] has shape {tuple(params[name].shape)!r}, the module's is {tuple(p.shape)!r}: "
                "they must be equal. Were both made with the same sizes?"
            )
    with torch.no_grad():
        for name, p in own.items():
            p.copy_(params[name])
    return module


def save_params(params: Params, path: str | os.PathLike[str]) -> None:
    """Write `params` to a safetensors file; a reader sees the old file or the new one, never a part.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_params({"w": torch.ones(2)}, f"{folder}/w.safetensors")
    ...     load_params(f"{folder}/w.safetensors")
    {'w': tensor([1., 1.])}
    """
    import safetensors.torch  # only who saves or loads waits for its import

    # The format wants contiguous tensors that share nothing.
    plain = {name: p.detach().cpu().contiguous().clone() for name, p in params.items()}
    path = Path(path)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(safetensors.torch.save(plain))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load_params(path: str | os.PathLike[str]) -> Params:
    """Read what `save_params` wrote, onto the CPU. Nothing in the file is run, whatever it holds.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut short, or none of safetensors.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
    ...     torch.save({"w": torch.ones(2)}, f"{folder}/w.pt")
    ...     load_params(f"{folder}/w.pt")
    Traceback (most recent call last):
    ...
    ValueError: '...w.pt' holds ... bytes that are no whole safetensors file ...
    """
    import safetensors
    import safetensors.torch

    data = Path(path).read_bytes()
    try:
        return safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{str(path)!r} holds {len(data)!r} bytes that are no whole safetensors file ({error}): load_params "
            "reads what save_params wrote. Was the file cut short, or written by torch.save?"
        ) from error
