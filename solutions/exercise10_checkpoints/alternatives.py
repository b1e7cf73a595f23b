"""Right answers to exercise 10 in other forms, all of which the checks must pass."""

import base64
import copy
import io
import json
import pickle
import sqlite3
import struct
import zipfile
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import nn

from checker.spec import alternative, equivalent


@alternative("module_to_params")
def cloned_without_gradient(module):
    params = {}
    with torch.no_grad():
        for name, p in module.named_parameters():
            params[name] = p.clone()
    return params


@alternative("module_to_params")
def cloned_data(module):
    return {name: p.data.clone() for name, p in module.named_parameters()}


@alternative("module_to_params")
def state_without_buffers(module):
    names = [name for name, _ in module.named_parameters()]
    return copy.deepcopy({name: value for name, value in module.state_dict().items() if name in names})


@alternative("module_to_params")
def out_of_a_copied_module(module):
    return {name: p.detach() for name, p in copy.deepcopy(module).named_parameters()}


@alternative("module_to_params")
def stack_of_one(module):
    return {name: p.detach()[0] for name, p in torch.func.stack_module_state([module])[0].items()}


@alternative("module_to_params")
def submodule_by_submodule(module):
    params = {}
    for prefix, part in module.named_modules():
        for name, p in part.named_parameters(recurse=False):
            params[f"{prefix}.{name}" if prefix else name] = torch.empty_like(p, requires_grad=False).copy_(p.detach())
    return params


@alternative("module_to_params")
def by_arithmetic(module):
    return {name: (p * 1).detach() for name, p in module.named_parameters()}


@alternative("params_to_module")
def strict_state_dict(params, module):
    module.load_state_dict(params)
    return module


@alternative("params_to_module")
def copied_data(params, module):
    if set(params) != {name for name, _ in module.named_parameters()}:
        raise KeyError("other names")
    for name, p in module.named_parameters():
        p.data.copy_(params[name])
    return module


@alternative("params_to_module")
def data_replaced_by_copies(params, module):
    names = [name for name, _ in module.named_parameters()]
    assert sorted(names) == sorted(params)
    for name in names:
        module.get_parameter(name).data = params[name].clone()
    return module


@alternative("params_to_module")
def names_used_up(params, module):
    left = dict(params)
    with torch.no_grad():
        for name, p in module.named_parameters():
            p[...] = left.pop(name)
    if left:
        raise RuntimeError(f"nobody wants {list(left)}")
    return module


@alternative("params_to_module")
def as_one_vector(params, module):
    names = [name for name, _ in module.named_parameters()]
    if len(names) != len(params):
        raise ValueError("other names")
    nn.utils.vector_to_parameters(torch.cat([params[name].reshape(-1) for name in names]), module.parameters())
    return module


@alternative("params_to_module")
def below_autograd(params, module):
    own = dict(module.named_parameters())
    if own.keys() - params.keys() or params.keys() - own.keys():
        raise LookupError("other names")
    with torch.inference_mode():
        torch._foreach_copy_([own[name] for name in params], list(params.values()))
    return module


# Pairs. Each must pass as `save_params` and as `load_params`.


def pair(save, load):
    """Declare both halves of a pair."""
    alternative("save_params", beside={"load_params": load})(save)
    alternative("load_params", beside={"save_params": save})(load)


def save_as_is(params, path):
    torch.save(params, path)


def load_by_default(path):
    return torch.load(path, map_location=torch.device("cpu"))


pair(save_as_is, load_by_default)


def save_state_of_many(params, path):
    with open(path, "wb") as file:
        torch.save({"version": 1, "params": list(params.items())}, file)


def load_state_of_many(path):
    with open(path, "rb") as file:
        return dict(torch.load(file, map_location="cpu", weights_only=True)["params"])


pair(save_state_of_many, load_state_of_many)


def save_in_old_format(params, path):
    torch.save({n: p.detach().contiguous() for n, p in params.items()}, path, _use_new_zipfile_serialization=False)


def load_old_format(path):
    return torch.load(io.BytesIO(Path(path).read_bytes()), map_location="cpu", weights_only=True)


pair(save_in_old_format, load_old_format)


def save_safetensors_file(params, path):
    tensors = {name: p.detach().clone(memory_format=torch.contiguous_format) for name, p in params.items()}
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def load_safetensors_file(path):
    return safetensors.torch.load_file(path)


pair(save_safetensors_file, load_safetensors_file)


def save_safetensors_bytes(params, path):
    tensors = {name: p.detach().cpu().contiguous().clone() for name, p in params.items()}
    Path(path).write_bytes(safetensors.torch.save(tensors))


def load_safetensors_bytes(path):
    return safetensors.torch.load(Path(path).read_bytes())


pair(save_safetensors_bytes, load_safetensors_bytes)


def save_npz_into_open_file(params, path):
    with open(path, "wb") as file:
        np.savez(file, **{name: p.numpy(force=True) for name, p in params.items()})


def load_npz(path):
    with np.load(path) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


pair(save_npz_into_open_file, load_npz)


def save_npz_with_suffix(params, path):
    np.savez_compressed(f"{path}.npz", **{name: p.detach().cpu().numpy() for name, p in params.items()})


def load_npz_with_suffix(path):
    return {name: torch.tensor(array) for name, array in np.load(f"{path}.npz", allow_pickle=False).items()}


pair(save_npz_with_suffix, load_npz_with_suffix)


def save_with_other_suffix(params, path):
    torch.save({name: p.tolist() for name, p in params.items()}, Path(path).with_suffix(".values"))
    dtypes = {name: str(p.dtype).removeprefix("torch.") for name, p in params.items()}
    Path(path).with_suffix(".json").write_text(json.dumps(dtypes))


def load_with_other_suffix(path):
    dtypes = json.loads(Path(path).with_suffix(".json").read_text())
    values = torch.load(Path(path).with_suffix(".values"), weights_only=True)
    return {name: torch.tensor(values[name], dtype=getattr(torch, dtype)) for name, dtype in dtypes.items()}


pair(save_with_other_suffix, load_with_other_suffix)


def save_json(params, path):
    with open(path, "w") as file:
        json.dump({name: [str(p.dtype)[6:], p.tolist()] for name, p in params.items()}, file)


def load_json(path):
    with open(path) as file:
        content = json.load(file)
    return {name: torch.tensor(values, dtype=getattr(torch, dtype)) for name, (dtype, values) in content.items()}


pair(save_json, load_json)


def save_base64(params, path):
    lines = []
    for name, p in params.items():
        array = p.detach().cpu().numpy()
        lines.append(f"{name} {array.dtype.str} {list(array.shape)} {base64.b64encode(array.tobytes()).decode()}")
    Path(path).write_text("\n".join(lines), encoding="ascii")


def load_base64(path):
    params = {}
    for line in Path(path).read_text(encoding="ascii").splitlines():
        name, dtype, rest = line.split(" ", 2)
        shape, _, data = rest.rpartition(" ")
        array = np.frombuffer(base64.b64decode(data), dtype=dtype).reshape(json.loads(shape))
        params[name] = torch.from_numpy(array.copy())
    return params


pair(save_base64, load_base64)


def save_hex(params, path):
    with open(path, "w", encoding="utf-8") as file:
        for name, p in params.items():
            print(json.dumps(name), p.dtype, *p.shape, ":", *map(float.hex, p.flatten().tolist()), file=file)


def load_hex(path):
    params = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            form, values = line.split(" : ")
            name, dtype, *shape = form.split()
            dtype = {"torch.float32": torch.float32, "torch.float64": torch.float64}[dtype]
            flat = torch.tensor([float.fromhex(value) for value in values.split()], dtype=dtype)
            params[json.loads(name)] = flat.reshape([int(size) for size in shape])
    return params


pair(save_hex, load_hex)


def save_binary(params, path):
    with open(path, "wb") as file:
        for name, p in params.items():
            encoded = name.encode()
            file.write(struct.pack("<II?", len(encoded), p.ndim, p.dtype == torch.float64))
            file.write(encoded + struct.pack(f"<{p.ndim}Q", *p.shape))
            file.write(bytes(p.detach().cpu().contiguous().flatten().view(torch.uint8).tolist()))


def load_binary(path):
    params = {}
    with open(path, "rb") as file:
        while head := file.read(9):
            length, ndim, double = struct.unpack("<II?", head)
            name = file.read(length).decode()
            shape = struct.unpack(f"<{ndim}Q", file.read(8 * ndim))
            dtype = torch.float64 if double else torch.float32
            size = torch.Size(shape).numel() * dtype.itemsize
            params[name] = torch.frombuffer(bytearray(file.read(size)), dtype=dtype).reshape(shape)
    return params


pair(save_binary, load_binary)


def save_archive_of_npy(params, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, p in params.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, p.detach().cpu().numpy())


def load_archive_of_npy(path):
    params = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                params[name.removesuffix(".npy")] = torch.tensor(np.load(io.BytesIO(archive.read(name))))
    return params


pair(save_archive_of_npy, load_archive_of_npy)


def save_folder(params, path):
    Path(path).mkdir(exist_ok=True)
    for name, p in params.items():
        np.save(Path(path, f"{name}.npy"), p.detach().cpu().numpy(), allow_pickle=False)


def load_folder(path):
    return {file.stem: torch.from_numpy(np.load(file)) for file in Path(path).glob("*.npy")}


pair(save_folder, load_folder)


def save_database(params, path):
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE IF EXISTS params")
        database.execute("CREATE TABLE params (name TEXT PRIMARY KEY, dtype TEXT, shape TEXT, data BLOB)")
        for name, p in params.items():
            array = p.detach().cpu().numpy()
            row = (name, array.dtype.str, json.dumps(array.shape), array.tobytes())
            database.execute("INSERT INTO params VALUES (?, ?, ?, ?)", row)
    database.close()


def load_database(path):
    database = sqlite3.connect(path)
    rows = database.execute("SELECT name, dtype, shape, data FROM params").fetchall()
    database.close()
    arrays = {name: np.frombuffer(data, dtype).reshape(json.loads(shape)) for name, dtype, shape, data in rows}
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


pair(save_database, load_database)


class DataOnly(pickle.Unpickler):
    """An unpickler that knows no names, and so can call nothing."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} is no data")


def save_lists_by_pickle(params, path):
    content = [(name, str(p.dtype).partition(".")[2], p.tolist()) for name, p in params.items()]
    Path(path).write_bytes(pickle.dumps(content))


def load_data_only(path):
    with open(path, "rb") as file:
        content = DataOnly(file).load()
    return {name: torch.tensor(values, dtype=getattr(torch, dtype)) for name, dtype, values in content}


pair(save_lists_by_pickle, load_data_only)


# Mutants of the solution that are right as well, or that no machine without a GPU can tell from it

MESSAGE = "f'{in_one_only} are names of params or of the module alone: both must have the same names'"
SAVE = "torch.save({name: p.detach().clone() for name, p in params.items()}, path) -> "
LOAD = "return torch.load(path, map_location='cpu', weights_only=True) -> "

equivalent(
    "params_to_module",
    f"raise ValueError({MESSAGE}) -> raise {MESSAGE}",
    "this raises a TypeError, and the exception's type is left open",
)
equivalent(
    "save_params",
    SAVE + "torch.save({name: p.clone() for name, p in params.items()}, path)",
    "whether what required grad when it was saved does so again is left open",
)
equivalent(
    "save_params",
    SAVE + "torch.save({name: p.detach() for name, p in params.items()}, path)",
    "the file of a view is larger without the clone, and gives back the same",
)
equivalent(
    "load_params",
    LOAD + "return torch.load(path, map_location='cpu')",
    "weights_only is True by default since torch 2.6",
)
equivalent(
    "load_params",
    LOAD + "return torch.load(path, weights_only=True)",
    "what was saved on the CPU comes back there; on a GPU, --device cuda, it is caught",
)
