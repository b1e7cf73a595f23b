"""Round trips, and what stops one."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.xorfunc.problems import assert_params_close, module_with, network_logits, solved_xor
from tests.xorfunc.strategies import normal, param_dicts, seeds
from xorfunc.checkpoint import load_params, module_to_params, params_to_module, save_params

all_dtypes = st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool])


def bits_of(params):
    """Everything that a file must keep, NaNs included."""
    return {
        name: (p.dtype, tuple(p.shape), p.contiguous().flatten().view(torch.uint8).tolist())
        for name, p in params.items()
    }


@st.composite
def any_params(draw):
    """Dicts of any names, shapes and dtypes, with infinities and NaNs, transposed or not."""
    names = draw(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), unique=True, max_size=4))
    params = {}
    for name in names:
        values = normal(draw(seeds), draw(st.lists(st.integers(0, 4), max_size=3))) / draw(st.sampled_from([1, 0]))
        params[name] = values.to(draw(all_dtypes)).permute(tuple(reversed(range(values.ndim))))
    return params


@given(params=any_params())
def test_a_file_gives_back_every_bit(tmp_path_factory, params):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_params(params, path)
    assert bits_of(load_params(path)) == bits_of(params)


def test_parameters_that_share_memory_or_require_grad_are_saved(tmp_path):
    w = torch.arange(6.0, requires_grad=True)
    save_params({"all": w, "tail": w[3:], "every other": w[::2]}, str(tmp_path / "p"))
    loaded = load_params(str(tmp_path / "p"))
    assert_params_close(loaded, {"all": w.detach(), "tail": w.detach()[3:], "every other": w.detach()[::2]})
    loaded["all"][:] = 0  # what was loaded belongs to its reader
    assert loaded["tail"].tolist() == [3, 4, 5]


def test_a_loaded_dict_does_not_follow_its_file(tmp_path):
    save_params({"w": torch.ones(3)}, tmp_path / "p")
    loaded = load_params(tmp_path / "p")
    (tmp_path / "p").write_bytes(bytes((tmp_path / "p").stat().st_size))
    assert loaded["w"].tolist() == [1, 1, 1]


@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_refused(tmp_path_factory, cut):
    path = tmp_path_factory.getbasetemp() / "cut.safetensors"
    save_params(solved_xor(), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(ValueError, match="no whole safetensors file"):
        load_params(path)


class Harm:
    """Unpickled, it would make a file."""

    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


@pytest.mark.parametrize(
    "write", [lambda path: path.write_bytes(pickle.dumps(Harm())), lambda path: torch.save(Harm(), path)]
)
def test_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "p")
    with pytest.raises(ValueError, match="no whole safetensors file"):
        load_params(tmp_path / "p")
    assert not (tmp_path / "harmed").exists()


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_params(tmp_path / "nowhere")


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError("disk full")

    save_params({"w": torch.ones(2)}, tmp_path / "p")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_params({"w": torch.zeros(2)}, tmp_path / "p")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert load_params(tmp_path / "p")["w"].tolist() == [1, 1]


def test_a_save_replaces_the_old_file_and_leaves_nothing_else(tmp_path):
    save_params({"w": torch.ones(2)}, tmp_path / "p")
    save_params({"w": torch.zeros(2)}, tmp_path / "p")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert load_params(tmp_path / "p")["w"].tolist() == [0, 0]


@given(params=st.one_of(param_dicts(dtype) for dtype in (torch.float32, torch.float64)))
def test_a_module_gives_back_what_it_was_given(params):
    module = module_with({name: torch.zeros_like(p) for name, p in params.items()})
    held = list(module.parameters())
    assert params_to_module(dict(reversed(params.items())), module) is module
    assert_params_close(module_to_params(module), params, rtol=0, atol=0)
    assert all(p is q for p, q in zip(held, module.parameters(), strict=True))


def test_training_a_module_changes_no_dict_that_came_or_went():
    given = solved_xor()
    module = params_to_module(given, module_with(solved_xor(sharpness=1.0)))
    taken = module_to_params(module)
    network_logits(dict(module.named_parameters()), torch.ones(3, 2)).sum().backward()
    torch.optim.SGD(module.parameters(), 1.0).step()
    assert not torch.equal(module.linear_s.bias, taken["linear_s.bias"])
    assert_params_close(given, solved_xor())
    assert_params_close(taken, solved_xor())


def test_frozen_parameters_are_taken_and_buffers_are_not():
    module = nn.BatchNorm1d(2)
    module.weight.requires_grad_(False)
    assert module_to_params(module).keys() == {"weight", "bias"}
    assert not any(p.requires_grad for p in module_to_params(module).values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda params: params.pop("linear_s.bias"), r"params has no 'linear_s\.bias'"),
        (lambda params: params.update(extra=torch.zeros(1)), "params has also 'extra'"),
        (
            lambda params: params.update({"linear_s.weight": torch.zeros(1, 1)}),
            r"shape \(1, 1\), the module's is \(1, 2\)",
        ),
    ],
)
def test_parameters_that_do_not_fit_leave_the_module_as_it_was(change, message):
    module, params = module_with(solved_xor()), solved_xor(sharpness=1.0)
    change(params)
    with pytest.raises(ValueError, match=message):
        params_to_module(params, module)
    assert_params_close(module_to_params(module), solved_xor())
