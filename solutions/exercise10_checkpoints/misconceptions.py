"""Wrong answers to exercise 10 that students give, each with the sentence that helps."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import nn

from checker.spec import misconception


@misconception(
    "module_to_params",
    "state_dict() mixes buffers in, and training goes on changing what it gives: copy what named_parameters() gives.",
)
def state_dict_itself(module):
    return module.state_dict()


@misconception("module_to_params", "Buffers are in the dict too, since state_dict() has both: use named_parameters().")
def buffers_too(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@misconception(
    "module_to_params",
    "These are the module's own Parameters: they require grad, and training changes them. detach() and clone() each.",
)
def own_parameters(module):
    return dict(module.named_parameters())


@misconception(
    "module_to_params",
    "detach() and .data still look into the module's memory, which training overwrites: clone() makes a copy.",
)
def detached_not_copied(module):
    return {name: p.detach() for name, p in module.named_parameters()}


@misconception(
    "module_to_params",
    "The copies require grad still, as a clone or deepcopy of a Parameter does: detach() gives a plain tensor.",
)
def copied_not_detached(module):
    return {name: copy.deepcopy(p) for name, p in module.named_parameters()}


@misconception("module_to_params", "Frozen parameters are left out: they do not require grad, and belong to it too.")
def trainable_only(module):
    return {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}


@misconception("module_to_params", "The names are missing: a dict is asked for. named_parameters() gives pairs.")
def list_without_names(module):
    return [p.detach().clone() for p in module.parameters()]


@misconception("module_to_params", "Submodules have parameters too: recurse=False, or `_parameters`, leaves them out.")
def not_of_submodules(module):
    return {name: p.detach().clone() for name, p in module.named_parameters(recurse=False)}


@misconception("module_to_params", "The module itself is frozen now: detach() each copy instead of requires_grad_().")
def module_frozen(module):
    module.requires_grad_(False)
    return {name: p.clone() for name, p in module.named_parameters()}


@misconception("module_to_params", "NumPy arrays come out, where tensors are asked for: detach() and clone() suffice.")
def numpy_arrays(module):
    return {name: p.detach().cpu().numpy().copy() for name, p in module.named_parameters()}


@misconception(
    "params_to_module",
    "Missing and unexpected names pass in silence, by strict=False or an `except`: let load_state_dict raise.",
)
def not_strict(params, module):
    module.load_state_dict(params, strict=False)
    return module


@misconception("params_to_module", "A name of params that the module lacks goes unnoticed: compare the sets of names.")
def unexpected_unnoticed(params, module):
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_(params[name])
    return module


@misconception("params_to_module", "A name that params lacks goes unnoticed: compare the sets of names first.")
def missing_unnoticed(params, module):
    with torch.no_grad():
        for name, value in params.items():
            module.get_parameter(name).copy_(value)
    return module


@misconception("params_to_module", "Equally many names need not be the same names: compare the sets, not their sizes.")
def names_only_counted(params, module):
    if len(params) != len(list(module.parameters())):
        raise ValueError("other names")
    module.load_state_dict(params, strict=False)
    return module


@misconception(
    "params_to_module",
    "New Parameter objects took the place of the old, which an optimizer still holds: copy values into those.",
)
def new_parameters(params, module):
    if params.keys() != dict(module.named_parameters()).keys():
        raise ValueError("other names")
    for name, value in params.items():
        owner, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(owner), attribute, nn.Parameter(value.clone()))
    return module


@misconception(
    "params_to_module",
    "assign=True puts the tensors of params in the Parameters' place: left out, their values are copied.",
)
def assigned(params, module):
    module.load_state_dict(params, assign=True)
    return module


@misconception(
    "params_to_module",
    "p.data = params[name] shares memory with params, and training would change both: copy, p.data.copy_(...).",
)
def shared_data(params, module):
    if params.keys() != dict(module.named_parameters()).keys():
        raise ValueError("other names")
    for name, p in module.named_parameters():
        p.data = params[name]
    return module


@misconception("params_to_module", "load_state_dict gives a list of keys, and no return gives None: return the module.")
def module_not_returned(params, module):
    module.load_state_dict(params)


@misconception("params_to_module", "A copy of the module is given back: the module itself was to take the values over.")
def into_a_copy(params, module):
    module = copy.deepcopy(module)
    module.load_state_dict(params)
    return module


@misconception(
    "params_to_module",
    "Autograd forbids writing into a leaf that requires grad: put the loop under `with torch.no_grad():`.",
)
def without_no_grad(params, module):
    if params.keys() != dict(module.named_parameters()).keys():
        raise ValueError("other names")
    for name, p in module.named_parameters():
        p.copy_(params[name])
    return module


@misconception("params_to_module", "Parameters are matched by their place, but a dict may have any order: go by names.")
def matched_by_place(params, module):
    with torch.no_grad():
        for p, value in zip(module.parameters(), params.values(), strict=True):
            p.copy_(value)
    return module


@misconception(
    "params_to_module", "What was frozen requires grad now: copy values only, and leave requires_grad alone."
)
def thawed(params, module):
    module.load_state_dict(params)
    return module.requires_grad_()


@misconception("params_to_module", "This copies the module's values into params, the wrong way: p.copy_(params[name]).")
def wrong_way(params, module):
    with torch.no_grad():
        for name, p in module.named_parameters():
            params[name].copy_(p)
    return module


# Pairs: a mistake of one function is shown with the other as it should be. Where saving has lost something, loading
# cannot be right either, and the advice stands with both.


def saving(advice, save, load):
    """Declare a mistake of saving that most of what is loaded shows nothing of."""
    misconception("save_params", advice, beside={"load_params": load})(save)


def loading(advice, save, load):
    """Declare a mistake of loading."""
    misconception("load_params", advice, beside={"save_params": save})(load)


def both(advice, save, load):
    """Declare a mistake that both functions are told of."""
    saving(advice, save, load)
    loading(advice, save, load)


def save_tensors(params, path):
    torch.save({name: p.detach().clone() for name, p in params.items()}, path)


def load_tensors(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def save_npz(params, path):
    with open(path, "wb") as file:
        np.savez(file, **{name: p.detach().cpu().numpy() for name, p in params.items()})


def load_npz(path):
    with np.load(path) as arrays:
        return {name: torch.tensor(array) for name, array in arrays.items()}


def load_any_object(path):
    return torch.load(path, map_location="cpu", weights_only=False)


loading(
    "weights_only=False runs code that a file may hold: torch.load(path, weights_only=True) takes tensors alone.",
    save_tensors,
    load_any_object,
)


def save_by_pickle(params, path):
    with open(path, "wb") as file:
        pickle.dump({name: p.detach().clone() for name, p in params.items()}, file)


def load_by_pickle(path):
    with open(path, "rb") as file:
        return pickle.load(file)


loading(
    "Unpickling runs code that a file may hold: take a format of plain data, or torch.load(..., weights_only=True).",
    save_by_pickle,
    load_by_pickle,
)


def save_text(params, path):
    Path(path).write_text(repr({name: (str(p.dtype), p.tolist()) for name, p in params.items()}))


def load_text_by_eval(path):
    return {
        name: torch.tensor(values, dtype=eval(dtype)) for name, (dtype, values) in eval(Path(path).read_text()).items()
    }


loading(
    "eval runs whatever Python stands in the file: json.loads and ast.literal_eval read numbers and lists alone.",
    save_text,
    load_text_by_eval,
)


def load_npz_with_pickles(path):
    with np.load(path, allow_pickle=True) as arrays:
        return {name: torch.tensor(array) for name, array in arrays.items()}


loading(
    "np.load(..., allow_pickle=True) and pickle.load run code that a file may hold: plain numbers need neither.",
    save_npz,
    load_npz_with_pickles,
)


def errors_swallowed(path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        return {}


loading(
    "Whatever the file holds, no exception comes: read the file at `path`, each time, and let its errors through.",
    save_tensors,
    errors_swallowed,
)


def load_parameters(path):
    return {name: nn.Parameter(value) for name, value in load_tensors(path).items()}


loading(
    "What is loaded requires grad: params are plain tensors, without nn.Parameter and requires_grad_().",
    save_tensors,
    load_parameters,
)


def save_arrays(params, path):
    save_npz(params, path)


def load_arrays(path):
    with np.load(path) as arrays:
        return dict(arrays)


both(
    "load_params gives NumPy arrays, where tensors are asked for: torch.from_numpy makes one of each.",
    save_arrays,
    load_arrays,
)


def save_values_only(params, path):
    torch.save([p.detach().clone() for p in params.values()], path)


def load_values_only(path):
    return load_tensors(path)


both(
    "The names are lost, and with them what is what: save the dict, not its values.", save_values_only, load_values_only
)


def save_first_only(params, path):
    name, value = next(iter(params.items()))
    torch.save({name: value.detach().clone()}, path)


def load_first_only(path):
    return load_tensors(path)


both("Only the first tensor comes back: the whole dict is to be saved and loaded.", save_first_only, load_first_only)


def save_half(params, path):
    torch.save({name: p.detach().half() for name, p in params.items()}, path)


def load_half(path):
    return load_tensors(path)


both("half() in save_params loses most digits, and the dtype: save each tensor as it is.", save_half, load_half)


def save_flat(params, path):
    with open(path, "w") as file:
        json.dump({name: [str(p.dtype)[6:], p.flatten().tolist()] for name, p in params.items()}, file)


def load_flat(path):
    content = json.loads(Path(path).read_text())
    return {name: torch.tensor(values, dtype=getattr(torch, dtype)) for name, (dtype, values) in content.items()}


both("The shapes are lost: save_params must keep them, and load_params reshape to them.", save_flat, load_flat)


def save_without_dtype(params, path):
    with open(path, "w") as file:
        json.dump({name: p.tolist() for name, p in params.items()}, file)


def load_without_dtype(path):
    with open(path) as file:
        return {name: torch.tensor(values) for name, values in json.load(file).items()}


both(
    "float64 comes back as float32: save the dtype beside the numbers and hand it to torch.tensor, without float().",
    save_without_dtype,
    load_without_dtype,
)


def save_where_suffix_is_added(params, path):
    np.savez(path, **{name: p.detach().cpu().numpy() for name, p in params.items()})


def load_where_no_suffix_is_added(path):
    return load_npz(path)


both(
    "The file is not at `path`: np.savez adds .npz to a name without it. Hand it a file opened with mode 'wb'.",
    save_where_suffix_is_added,
    load_where_no_suffix_is_added,
)


def save_four_digits(params, path):
    with open(path, "w") as file:
        for name, p in params.items():
            print(name, str(p.dtype)[6:], list(p.shape), *(f"{value:.4f}" for value in p.flatten().tolist()), file=file)


def load_four_digits(path):
    params = {}
    for line in Path(path).read_text().splitlines():
        head, _, values = line.partition("]")
        name, dtype, shape = head.split(" ", 2)
        flat = torch.tensor([float(value) for value in values.split()], dtype=getattr(torch, dtype))
        params[name] = flat.reshape(json.loads(f"{shape}]"))
    return params


saving(
    "A few digits are not the whole number: write repr(value), value.hex(), or the bytes themselves.",
    save_four_digits,
    load_four_digits,
)


def save_numpy_of_graph(params, path):
    with open(path, "wb") as file:
        np.savez(file, **{name: p.numpy() for name, p in params.items()})


saving(
    "A tensor that requires grad has no .numpy(): leave the graph first, p.detach().numpy().",
    save_numpy_of_graph,
    load_npz,
)


def save_as_they_lie(params, path):
    safetensors.torch.save_file(params, path)


def load_safetensors(path):
    return safetensors.torch.load_file(path)


saving(
    "safetensors takes no tensors that share memory and no strided views: p.detach().contiguous().clone() is neither.",
    save_as_they_lie,
    load_safetensors,
)


def save_contiguous(params, path):
    safetensors.torch.save_file({name: p.detach().contiguous() for name, p in params.items()}, path)


saving(
    "safetensors refuses tensors that share memory, and contiguous() copies only where it must: clone() each.",
    save_contiguous,
    load_safetensors,
)


def save_and_tell(params, path):
    save_tensors(params, path)
    return path


saving("Nothing is to be given back: leave the return out.", save_and_tell, load_tensors)


def save_once(params, path):
    if not Path(path).exists():
        save_tensors(params, path)


saving("A file that is there already must be replaced: the old checkpoint stays here.", save_once, load_tensors)


def save_in_fixed_place(params, path):
    save_tensors(params, Path(path).with_name("checkpoint.pt"))


def load_from_fixed_place(path):
    return load_tensors(Path(path).with_name("checkpoint.pt"))


saving(
    "All paths lead to one file, so that the last save replaces all others: write to `path` as it is given.",
    save_in_fixed_place,
    load_from_fixed_place,
)


def save_what_it_changes(params, path):
    for name in params:
        params[name] = params[name].detach().cpu().numpy()
    with open(path, "wb") as file:
        np.savez(file, **params)


saving("The caller's own dict is changed on the way: make a new one for the file.", save_what_it_changes, load_npz)
