"""How exercise 10 is checked: the inputs of each function, what must hold of it, and its hints.

A file's format is the student's choice, so that saving and loading are judged as a pair: what a trial sees is what
comes back.
"""

import os
import pickle
import tempfile
from pathlib import Path

import torch
from torch import nn

from checker.spec import Tolerance, any_layout, check, detached, params, seen_by

EXACT = {dtype: Tolerance(0, absolute=0) for dtype in (torch.float32, torch.float64)}

NETWORK = params({"scale": "", "linear_h.weight": "H D", "linear_h.bias": "H"})

OFF_LIMITS = [
    f"xorfunc.checkpoint.{name}" for name in ("module_to_params", "params_to_module", "save_params", "load_params")
]


class Network(nn.Module):
    """A module of given parameters: a scale, and a layer whose bias is frozen"""

    def __init__(self, params):
        super().__init__()
        self.scale = nn.Parameter(params["scale"].clone())
        self.linear_h = nn.Module()
        self.linear_h.weight = nn.Parameter(params["linear_h.weight"].clone())
        self.linear_h.bias = nn.Parameter(params["linear_h.bias"].clone(), requires_grad=False)


class NetworkWithBuffer(Network):
    """The same with a buffer in its layer, which is no parameter"""

    def __init__(self, params):
        super().__init__(params)
        self.linear_h.register_buffer("mean", params["linear_h.bias"] + 1)


def outcome(function, *arguments):
    """Whether a function takes its arguments or raises"""
    try:
        function(*arguments)
    except Exception:
        return "refused"
    return "accepted"


# From a module to a dict


def take_out(answer, params):
    module = NetworkWithBuffer(params)
    return answer.module_to_params(module)


def outlast_training(answer, params):
    """Gives copies, which later training of the module leaves alone"""
    module = NetworkWithBuffer(params)
    result = answer.module_to_params(module)
    for p in module.parameters():
        p.data += 1

    return result


def leave_the_module_alone(answer, params):
    """Leaves the module as it was: its values, its gradients, its flags and its mode"""
    module = NetworkWithBuffer(params)
    module.scale.grad = torch.ones_like(module.scale)
    answer.module_to_params(module)
    return {
        "the module's state": module.state_dict(),
        "module.scale.grad": module.scale.grad,
        "requires_grad of the module's": {name: p.requires_grad for name, p in module.named_parameters()},
        "module.training": module.training,
    }


check(
    "module_to_params",
    params=NETWORK,
    trial=take_out,
    tolerances=EXACT,
    laws=[seen_by(outlast_training, count=4), detached(), seen_by(leave_the_module_alone, count=4)],
    off_limits=OFF_LIMITS,
    hints=[
        "Two methods of a module give tensors with names. One of them mixes buffers in; which one does not?",
        "The module's own Parameters require grad and change when it is trained. What makes a plain tensor of one, and "
        "what a copy?",
        "{name: p.detach().clone() for name, p in module.named_parameters()}",
    ],
)


# From a dict to a module


def put_in(answer, params):
    module = Network({name: p + 1 for name, p in params.items()})
    result = answer.params_to_module(params, module)
    return {
        "what it gives back": "the module" if result is module else "something else",
        "the module's": dict(module.named_parameters()),
    }


def keep_the_parameters(answer, params):
    """Keeps the module's Parameter objects, which an optimizer may hold, and their requires_grad"""
    module = Network({name: p + 1 for name, p in params.items()})
    before = dict(module.named_parameters())
    answer.params_to_module(params, module)
    after = dict(module.named_parameters())
    return {
        "the module's": {n: "the same object" if after.get(n) is p else "another object" for n, p in before.items()},
        "requires_grad of the module's": {name: p.requires_grad for name, p in after.items()},
    }


def share_no_memory(answer, params):
    """Gives the module memory of its own: writing into params later does not reach the module"""
    module = Network({name: p + 1 for name, p in params.items()})
    answer.params_to_module(params, module)
    for p in params.values():
        p += 1

    return {"the module's": dict(module.named_parameters())}


def refuse_other_names(answer, params):
    """Raises where a name is missing, and where there is one too many"""
    missing = {name: p for name, p in params.items() if name != "linear_h.bias"}
    unexpected = {**params, "linear_s.bias": params["linear_h.bias"]}
    replaced = {**missing, "linear_s.bias": params["linear_h.bias"]}
    return {
        "a missing name": outcome(answer.params_to_module, missing, Network(params)),
        "an unexpected name": outcome(answer.params_to_module, unexpected, Network(params)),
        "one name for another": outcome(answer.params_to_module, replaced, Network(params)),
    }


check(
    "params_to_module",
    params=NETWORK,
    trial=put_in,
    tolerances=EXACT,
    laws=[
        seen_by(keep_the_parameters, count=4),
        seen_by(share_no_memory, count=4),
        seen_by(refuse_other_names, count=4),
    ],
    off_limits=OFF_LIMITS,
    hints=[
        "A module has a method that takes a dict of its names over, and by default is strict about them. Or write a "
        "loop that copies each tensor into its Parameter.",
        "p.copy_(params[name]) writes into the Parameter, and autograd wants torch.no_grad() around it; compare the "
        "two sets of names first.",
        "module.load_state_dict(params) copies, and raises for missing and unexpected names; return the module after.",
    ],
)


# Into a file and out of it


def save_and_load(answer, params):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        gives = answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return {"what it gives": "None" if gives is None else "something", "what is loaded": loaded}


def every_digit(answer, params):
    """Keeps every digit, also of numbers without a short decimal form and of very small ones"""
    params = {name: p / 3e20 if name == "scale" else p / 3 for name, p in params.items()}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return {"what is loaded": loaded}


def what_requires_grad(answer, params):
    """Saves tensors that require grad, too"""
    for p in params.values():
        p.requires_grad_()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return {"what is loaded": loaded}


def shared_memory(answer, params):
    """Saves tensors that share memory, too"""
    weight = params["linear_h.weight"]
    params = {"encoder.weight": weight, "decoder.weight": weight, "first": weight[0]}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return {"what is loaded": loaded}


def replace_the_old_file(answer, params):
    """Replaces a file that is there already"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params({name: p + 1 for name, p in params.items()}, f"{folder}/params.bin")
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return {"what is loaded": loaded}


def one_file_for_each_path(answer, params):
    """Writes where `path` says, so that two paths are two files"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/first.bin")
        answer.save_params({name: p + 1 for name, p in params.items()}, f"{folder}/second.bin")
        first, second = answer.load_params(f"{folder}/first.bin"), answer.load_params(f"{folder}/second.bin")

    return {"what is loaded from the first": first, "what is loaded from the second": second}


check(
    "save_params",
    params=NETWORK,
    trial=save_and_load,
    tolerances=EXACT,
    laws=[
        seen_by(every_digit, count=3),
        seen_by(what_requires_grad, count=3),
        seen_by(shared_memory, count=3),
        seen_by(replace_the_old_file, count=3),
        seen_by(one_file_for_each_path, count=3),
    ],
    off_limits=OFF_LIMITS,
    hints=[
        "Choose a format that keeps names, shapes, dtypes and bytes. PyTorch has a function that writes one, and the "
        "package safetensors has another.",
        "The tensors may require grad, be views, and share memory: a dict of p.detach().clone() has none of that.",
        "torch.save({name: p.detach().clone() for name, p in params.items()}, path)",
    ],
)


# Code in a file


def with_code(tensor, mark):
    """A tensor that runs code when it is unpickled: it makes the folder `mark`, where others would do worse"""

    class WithCode(torch.Tensor):
        def __reduce_ex__(self, protocol):
            return os.mkdir, (mark,)

    return tensor.as_subclass(WithCode)


def dump_pickle(content, file):
    pickle.dump(content, file, protocol=2)  # of a later one, torch.load would warn


def replace_files(folder, dump, content):
    """Write something else in place of all that was saved"""
    for path in [path for path in Path(folder).rglob("*") if path.is_file()]:
        with path.open("wb") as file:
            dump(content, file)


def load_what_was_saved(answer, params):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    return loaded


def refuse_a_pickle(answer, params):
    """Raises where the file holds a pickled object, and runs none of its code"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        replace_files(folder, dump_pickle, with_code(torch.zeros(1), f"{folder}/mark"))
        told = outcome(answer.load_params, f"{folder}/params.bin")
        has_run = os.path.exists(f"{folder}/mark")

    return {"code in a file of pickle": "run" if has_run else "not run", "a pickled object": told}


def refuse_what_torch_pickled(answer, params):
    """Runs no code from a file of torch.save"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        replace_files(folder, torch.save, with_code(torch.zeros(1), f"{folder}/mark"))
        outcome(answer.load_params, f"{folder}/params.bin")
        has_run = os.path.exists(f"{folder}/mark")

    return {"code in a file of torch.save": "run" if has_run else "not run"}


def refuse_what_save_params_pickled(answer, params):
    """Runs no code from a file of save_params, whatever tensors were saved"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        saved = {name: with_code(p, f"{folder}/mark") for name, p in params.items()}
        outcome(answer.save_params, saved, f"{folder}/params.bin")
        had_run = os.path.exists(f"{folder}/mark")
        outcome(answer.load_params, f"{folder}/params.bin")
        has_run = os.path.exists(f"{folder}/mark") and not had_run

    return {"code in a file of save_params": "run" if has_run else "not run"}


check(
    "load_params",
    params=NETWORK,
    trial=load_what_was_saved,
    tolerances=EXACT,
    laws=[
        detached(),
        seen_by(refuse_a_pickle, count=4),
        seen_by(refuse_what_torch_pickled, count=3),
        seen_by(refuse_what_save_params_pickled, count=3),
    ],
    without=[any_layout],
    off_limits=OFF_LIMITS,
    hints=[
        "Read the names, shapes, dtypes and bytes back as save_params wrote them. Is there a pickle in your format?",
        "torch.load has an argument that allows tensors and plain containers only, and one that says to which device "
        "tensors go. np.load refuses pickles unless told otherwise, and safetensors has none.",
        'torch.load(path, map_location="cpu", weights_only=True)',
    ],
)
