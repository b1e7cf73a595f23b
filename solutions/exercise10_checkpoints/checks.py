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
    *(f"xorfunc.checkpoint.{name}" for name in ("module_to_params", "params_to_module", "save_params", "load_params")),
    *(f"xorfunc.checkpoint.{name}" for name in ("save_run", "load_run")),
    "xorfunc.ensemble.stack_modules",  # of one module
]


def network(params):
    """A module of given parameters: a scale, and a layer whose bias is frozen"""
    module, layer = nn.Module(), nn.Module()
    module.scale = nn.Parameter(params["scale"].clone())
    module.linear_h = layer
    layer.weight = nn.Parameter(params["linear_h.weight"].clone())
    layer.bias = nn.Parameter(params["linear_h.bias"].clone(), requires_grad=False)
    return module


def network_with_buffer(params):
    """The same with a buffer in its layer, which is no parameter"""
    module = network(params)
    module.linear_h.register_buffer("mean", params["linear_h.bias"] + 1)
    return module


def outcome(function, *arguments):
    """Whether a function takes its arguments or raises"""
    try:
        function(*arguments)
    except Exception:
        return "refused"
    return "accepted"


# From a module to a dict


def take_out(answer, params):
    module = network_with_buffer(params)
    return answer.module_to_params(module)


def outlast_training(answer, params):
    """Gives copies, which later training of the module leaves alone"""
    module = network_with_buffer(params)
    result = answer.module_to_params(module)
    for p in module.parameters():
        p.data += 1

    return result


def leave_the_module_alone(answer, params):
    """Leaves the module as it was: its values, its gradients, its flags and its mode"""
    module = network_with_buffer(params)
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
    module = network({name: p + 1 for name, p in params.items()})
    result = answer.params_to_module(params, module)
    return {
        "what it gives back": "the module" if result is module else "something else",
        "the module's": dict(module.named_parameters()),
    }


def keep_the_parameters(answer, params):
    """Keeps the module's Parameter objects, which an optimizer may hold, and their requires_grad"""
    module = network({name: p + 1 for name, p in params.items()})
    before = dict(module.named_parameters())
    answer.params_to_module(params, module)
    after = dict(module.named_parameters())
    return {
        "the module's": {n: "the same object" if after.get(n) is p else "another object" for n, p in before.items()},
        "requires_grad of the module's": {name: p.requires_grad for name, p in after.items()},
    }


def share_no_memory(answer, params):
    """Gives the module memory of its own: writing into params later does not reach the module"""
    module = network({name: p + 1 for name, p in params.items()})
    answer.params_to_module(params, module)
    for p in params.values():
        p += 1

    return {"the module's": dict(module.named_parameters())}


def any_order(answer, params):
    """Goes by names, whatever the order of params and the layout of its tensors in memory"""
    module = network({name: p + 1 for name, p in params.items()})
    params = {name: torch.stack([p, p], dim=-1)[..., 0] for name, p in reversed(params.items())}
    answer.params_to_module(params, module)
    return {"the module's": dict(module.named_parameters())}


def refuse_other_names(answer, params):
    """Raises where a name is missing, and where there is one too many"""
    missing = {name: p for name, p in params.items() if name != "linear_h.bias"}
    unexpected = {**params, "linear_s.bias": params["linear_h.bias"]}
    replaced = {**missing, "linear_s.bias": params["linear_h.bias"]}
    return {
        "a missing name": outcome(answer.params_to_module, missing, network(params)),
        "an unexpected name": outcome(answer.params_to_module, unexpected, network(params)),
        "one name for another": outcome(answer.params_to_module, replaced, network(params)),
    }


check(
    "params_to_module",
    params=NETWORK,
    trial=put_in,
    tolerances=EXACT,
    laws=[
        seen_by(any_order),
        seen_by(keep_the_parameters, count=4),
        seen_by(share_no_memory, count=4),
        seen_by(refuse_other_names, count=4),
    ],
    without=[any_layout],
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
    """Saves tensors that require grad, too, and leaves that to them"""
    for p in params.values():
        p.requires_grad_()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        loaded = answer.load_params(f"{folder}/params.bin")

    flags = {name: p.requires_grad for name, p in params.items()}
    return {"what is loaded": loaded, "requires_grad of what was saved": flags}


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
    code = {"__reduce_ex__": lambda self, protocol: (os.mkdir, (mark,))}
    return tensor.as_subclass(type("WithCode", (torch.Tensor,), code))


def dump_pickle(content, file):
    pickle.dump(content, file, protocol=2)  # of a later one, torch.load would warn


def files_in(folder):
    """All that was saved, under whatever name"""
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def replace_files(folder, dump, content):
    """Write something else in place of all that was saved"""
    for path in files_in(folder):
        with path.open("wb") as file:
            dump(content, file)


def told_of(mark):
    """Whether code has left its mark"""
    return "run" if os.path.exists(mark) else "refused"


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
        code = told_of(f"{folder}/mark")

    return {"code in a pickle": code, "a pickled object": told}


def refuse_code_from_torch_save(answer, params):
    """Runs no code from a file of torch.save"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params(params, f"{folder}/params.bin")
        replace_files(folder, torch.save, with_code(torch.zeros(1), f"{folder}/mark"))
        outcome(answer.load_params, f"{folder}/params.bin")
        code = told_of(f"{folder}/mark")

    return {"code in a file of torch.save": code}


def refuse_code_from_save_params(answer, params):
    """Runs no code from a file of save_params, whatever tensors were saved"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        saved = {name: with_code(p, f"{folder}/mark") for name, p in params.items()}
        outcome(answer.save_params, saved, f"{folder}/params.bin")
        ran_before = os.path.exists(f"{folder}/mark")
        outcome(answer.load_params, f"{folder}/params.bin")
        code = "refused" if ran_before else told_of(f"{folder}/mark")

    return {"code in a file of save_params": code}


def refuse_code_in_a_text(answer, params):
    """Takes numbers for numbers, and runs no Python that stands in their place"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer.save_params({name: torch.ones_like(p) for name, p in params.items()}, f"{folder}/params.bin")
        expression = f"__import__('os').mkdir({folder + '/mark'!r})"
        for path in files_in(folder):
            path.write_bytes(path.read_bytes().replace(b"1.0", expression.encode()))
        outcome(answer.load_params, f"{folder}/params.bin")
        code = told_of(f"{folder}/mark")

    return {"code in place of a number": code}


check(
    "load_params",
    params=NETWORK,
    trial=load_what_was_saved,
    tolerances=EXACT,
    laws=[
        detached(),
        seen_by(refuse_a_pickle, count=4),
        seen_by(refuse_code_from_torch_save, count=3),
        seen_by(refuse_code_from_save_params, count=3),
        seen_by(refuse_code_in_a_text, count=3),
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
