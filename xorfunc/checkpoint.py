"""Parameters in and out: from a module to a dict and back, from a dict to a file and back.

A dict taken from a module is a copy, and so is what a module takes over: training one never changes the other. Files
are safetensors (https://huggingface.co/docs/safetensors): names, shapes, and bytes, nothing that could run. A file
appears whole or not at all, written beside its place and then renamed. `save_run` writes into it as well what the run
was: seed, sizes, epochs, whatever rebuilds it.
"""

import json
import os
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias, TypeVar, cast

import torch
from torch import Tensor, nn

from xorfunc.params import Params, require_names

Module = TypeVar("Module", bound=nn.Module)
About: TypeAlias = Mapping[str, Any]  # what JSON has: str, int, float, bool, None, and lists and dicts of them

METADATA = "xorfunc"  # where safetensors' own metadata, from str to str, has ours; one name, so that files repeat
MAX_HEADER = 2**23  # bytes; a header of only empty tensors could be as long as its file, and takes seconds to parse


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


class Run(NamedTuple):
    """Parameters, what their run was, and the versions of the packages that wrote it."""

    params: Params
    about: dict[str, Any]
    versions: dict[str, str]


def save_params(params: Params, path: str | os.PathLike[str]) -> None:
    """Write `params` to a safetensors file; a reader sees the old file or the new one, never a part.

    Raises:
        OSError: if the file can't be written; an old one is then left as it was.
        ValueError: if a name or a dtype is none that such a file has, or there are too many of them.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_params({"w": torch.ones(2)}, f"{folder}/w.safetensors")
    ...     load_params(f"{folder}/w.safetensors")
    {'w': tensor([1., 1.])}
    """
    save_run(params, {}, path)


def load_params(path: str | os.PathLike[str], *, like: Params | None = None) -> Params:
    """Read what `save_params` or `save_run` wrote, onto the CPU. Nothing in the file is run, whatever it holds.

    Args:
        path: the file.
        like: parameters of the model that the file is for, of any values, if the file must fit them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut short, or none of safetensors, or has not the names, shapes and dtypes of `like`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
    ...     torch.save({"w": torch.ones(2)}, f"{folder}/w.pt")
    ...     load_params(f"{folder}/w.pt")
    Traceback (most recent call last):
    ...
    ValueError: '...w.pt' holds ... bytes that are no whole safetensors file ...
    """
    params = _parsed(Path(path).read_bytes(), path)
    if like is not None:
        _require_like(params, like, path)
    return params


def save_run(params: Params, about: About, path: str | os.PathLike[str]) -> None:
    """Write parameters and what is needed to make them again, as `save_params` writes the parameters alone.

    Args:
        params: tensors by name.
        about: the seed, the sizes, the number of epochs, ... as JSON has it. The versions of this package and of torch
            are written without being asked.
        path: the file, new or old.

    Raises:
        OSError: if the file can't be written; an old one is then left as it was.
        ValueError: if a value of `about` would not come back as it is, or `save_params` could not write `params`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_run({"w": torch.ones(2)}, {"seed": 0, "sizes": [2, 4, 1]}, f"{folder}/w.safetensors")
    ...     run = load_run(f"{folder}/w.safetensors")
    >>> run.params, run.about, sorted(run.versions)
    ({'w': tensor([1., 1.])}, {'seed': 0, 'sizes': [2, 4, 1]}, ['torch', 'xorfunc'])
    """
    _require_json(about)
    text = json.dumps({"about": dict(about), "versions": _versions()})
    _write_whole(Path(path), _serialized(params, {METADATA: text}))


def load_run(path: str | os.PathLike[str], *, like: Params | None = None) -> Run:
    """Read what `save_run` wrote, as `load_params` reads the parameters alone.

    A file of another program has parameters only: nothing is known about its run, and there are no versions.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if `load_params` could not read the file, or what it says about the run is broken.

    >>> load_run("nowhere.safetensors")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.safetensors'
    """
    data = Path(path).read_bytes()  # once, for the file may be replaced between two looks at it
    params = _parsed(data, path)
    if like is not None:
        _require_like(params, like, path)
    about, versions = _told(data, path)
    return Run(params, about, versions)


def _serialized(params: Params, metadata: dict[str, str]) -> bytes:
    import safetensors.torch  # only who saves or loads waits for its import

    if "__metadata__" in params:
        raise ValueError("params has a '__metadata__': a safetensors file keeps that name for itself. Rename it.")
    # The format wants contiguous tensors that share nothing.
    plain = {name: p.detach().cpu().contiguous().clone() for name, p in params.items()}
    try:
        data = safetensors.torch.save(plain, metadata)
    except KeyError as error:
        raise ValueError(
            f"params has a {error}: safetensors have no such dtype. Convert it, or leave it out."
        ) from error
    if _header_size(data) > MAX_HEADER:
        raise ValueError(
            f"params has {len(params)!r} names, which with `about` take {_header_size(data)!r} bytes: "
            f"{MAX_HEADER!r} are read back. Save less about the run, or in several files."
        )
    return data


def _parsed(data: bytes, path: str | os.PathLike[str]) -> Params:
    import safetensors
    import safetensors.torch

    if _header_size(data) > MAX_HEADER:
        raise _broken(data, path, f"header of more than {MAX_HEADER!r} bytes")
    try:
        return safetensors.torch.load(data)
    except (safetensors.SafetensorError, KeyError) as error:  # a KeyError is a dtype that torch has not
        raise _broken(data, path, str(error)) from error


def _told(data: bytes, path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What a file that is whole says about its run."""
    header = json.loads(data[8 : 8 + _header_size(data)])
    text = (header.get("__metadata__") or {}).get(METADATA)
    if text is None:
        return {}, {}
    try:
        match json.loads(text, parse_constant=_no_number):
            case {"about": dict() as about, "versions": dict() as versions}:
                return cast(dict[str, Any], about), {str(name): str(number) for name, number in versions.items()}
            case _:
                raise ValueError("neither `about` nor `versions`")
    except (ValueError, RecursionError) as error:
        raise _broken(data, path, f"metadata {METADATA!r}: {error}") from error


def _header_size(data: bytes) -> int:
    return int.from_bytes(data[:8], "little")


def _broken(data: bytes, path: str | os.PathLike[str], reason: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} holds {len(data)!r} bytes that are no whole safetensors file ({reason}): load_params "
        "reads what save_params wrote. Was the file cut short, or written by torch.save?"
    )


def _write_whole(path: Path, data: bytes) -> None:
    # A name of its own, and short: what is beside a name of 255 bytes still needs one.
    beside = path.with_name(f".xorfunc-{uuid.uuid4().hex}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    try:
        own = version("xorfunc")
    except PackageNotFoundError:  # run from its source, without being installed
        own = "unknown"
    return {"xorfunc": own, "torch": str(torch.__version__)}


def _require_like(params: Params, like: Params, path: str | os.PathLike[str]) -> None:
    require_names(params, like, f"what is loaded from {str(path)!r}")
    for name, p in like.items():
        if (params[name].shape, params[name].dtype) != (p.shape, p.dtype):
            raise ValueError(
                f"{name!r} is {_form(params[name])} in {str(path)!r}, {_form(p)} in `like`: they must be equal. "
                "Does the file belong to a model of other sizes?"
            )


def _form(p: Tensor) -> str:
    return f"{tuple(p.shape)!r} {p.dtype}"


def _require_json(about: About) -> None:
    for name, value in about.items():
        try:
            kept = json.loads(json.dumps({name: value}, allow_nan=False)) == {name: value}
        except (TypeError, ValueError, RecursionError):
            kept = False
        if not kept:
            raise ValueError(
                f"about[{name!r}] is a {type(value).__name__!r} that does not come back from a file as it is: str, "
                "int, finite float, bool, None, and lists and dicts of them do, under names that are str. Convert it."
            )


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
