"""Round trips, and what stops one."""

import json
import os
import pickle
import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.xorfunc.problems import assert_params_close, module_with, network_logits, solved_xor
from tests.xorfunc.strategies import normal, param_dicts, seeds
from xorfunc.checkpoint import load_params, load_run, module_to_params, params_to_module, save_params, save_run

all_dtypes = st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


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


@given(params=any_params(), about=st.dictionaries(st.text(), json_values, max_size=5))
def test_a_run_comes_back_as_it_was_told(tmp_path_factory, params, about):
    path = tmp_path_factory.getbasetemp() / "run.safetensors"
    save_run(params, about, path)
    run = load_run(path)
    assert repr(run.about) == repr(about)  # unlike ==, it tells 1 from 1.0 from True
    assert run.versions == {"xorfunc": version("xorfunc"), "torch": torch.__version__}
    assert bits_of(run.params) == bits_of(load_params(path)) == bits_of(params)
    written = path.read_bytes()
    save_run(run.params, run.about, path)
    assert path.read_bytes() == written


def nested(depth):
    """A list in a list in a list."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        [1, float("nan")],
        (1, 2),
        {1: 2},
        {1, 2},
        b"",
        torch.ones(1),
        10**5000,
        nested(10_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_come_back_is_refused_by_its_name(tmp_path, value):
    save_params({"w": torch.ones(2)}, tmp_path / "p")
    with pytest.raises(ValueError, match=rf"^about\['it'\] is a '{type(value).__name__}' that does not come back"):
        save_run({"w": torch.zeros(2)}, {"seed": 0, "it": value}, tmp_path / "p")
    assert load_params(tmp_path / "p")["w"].tolist() == [1, 1]


def test_names_of_what_is_told_are_strings(no_shape_checks, tmp_path):
    with pytest.raises(ValueError, match=r"about\[1\] is a 'str' that does not come back"):
        save_run({}, {1: "one"}, tmp_path / "p")


def test_nothing_is_told_by_a_file_of_another_program(tmp_path):
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "p", {"format": "pt"})
    params, about, versions = load_run(tmp_path / "p")
    assert (params["w"].tolist(), about, versions) == ([1, 1], {}, {})
    (tmp_path / "p").write_bytes(with_header(b'{"__metadata__":null}', data=b""))
    assert load_run(tmp_path / "p") == ({}, {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"about": 1, "versions": {}}',
        '{"about": {"loss": NaN}, "versions": {}}',
        "[" * 100_000,
    ],
)
def test_a_broken_story_is_refused_and_its_parameters_are_not(tmp_path, text):
    safetensors.torch.save_file({"w": torch.ones(2)}, tmp_path / "p", {"xorfunc": text})
    assert load_params(tmp_path / "p")["w"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="metadata 'xorfunc'"):
        load_run(tmp_path / "p")


@pytest.mark.parametrize("load", [load_params, load_run])
def test_a_file_that_fits_is_loaded_and_one_that_does_not_is_refused(tmp_path, load):
    save_params(solved_xor(), tmp_path / "p")
    fitting = solved_xor(sharpness=1.0)
    load(tmp_path / "p", like=dict(reversed(fitting.items())))
    for like, message in [
        ({name: fitting[name] for name in list(fitting)[:-1]}, "params has also 'linear_s.bias'"),
        (fitting | {"other": torch.ones(1)}, "params has no 'other'"),
        (fitting | {"linear_s.bias": torch.ones(2)}, r"'linear_s.bias' is \(1,\) torch.float32 in '.*p', \(2,\)"),
        (fitting | {"linear_s.bias": torch.ones((), dtype=torch.float32)}, r"in '.*p', \(\) torch.float32 in `like`"),
        (solved_xor(dtype=torch.float64), "torch.float32 in '.*p', .* torch.float64 in `like`"),
    ]:
        with pytest.raises(ValueError, match=message):
            load(tmp_path / "p", like=like)


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    save_run(solved_xor(), {"seed": 0}, tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(ValueError, match=f"holds {length} bytes that are no whole safetensors file"):
            load_run(tmp_path / "cut")


def load_or_refuse(path):
    """Both ways to load give parameters, or a ValueError that names the file, and nothing else."""
    refusal = re.escape(repr(str(path))) + " holds [0-9]+ bytes that are no whole safetensors file"
    for load in (load_params, load_run):
        with suppress(ValueError):
            load(path)
            continue
        with pytest.raises(ValueError, match=refusal):
            load(path)


def test_any_byte_of_a_header_may_be_another(tmp_path):
    save_run({"w": torch.ones(2), "b": torch.ones(1)}, {"seed": 0}, tmp_path / "p")
    data = bytearray((tmp_path / "p").read_bytes())
    for place in range(8 + int.from_bytes(data[:8], "little")):
        for flipped in (data[place] ^ 1, data[place] ^ 128, ord('"'), ord("9"), 0):
            (tmp_path / "flipped").write_bytes(data[:place] + bytes([flipped]) + data[place + 1 :])
            load_or_refuse(tmp_path / "flipped")


def with_header(header, data=bytes(16)):
    """A file of the given header and a little data."""
    return len(header).to_bytes(8, "little") + header + data


def test_a_dtype_that_torch_has_not_is_refused(tmp_path):
    (tmp_path / "p").write_bytes(with_header(b'{"w":{"dtype":"F8_E8M0","shape":[16],"data_offsets":[0,16]}}'))
    with pytest.raises(ValueError, match=r"no whole safetensors file \('F8_E8M0'\)"):
        load_params(tmp_path / "p")


tensor_infos = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F4", "F6_E2M3", "F8_E8M0", "C64", "BOOL", "NONE"]),
        "shape": st.lists(st.sampled_from([0, 1, 2, 4, 2**63, -1]), max_size=3),
        "data_offsets": st.lists(st.sampled_from([0, 1, 4, 8, 16, 2**63]), min_size=2, max_size=2),
    }
)
headers = st.dictionaries(st.text(max_size=3) | st.just("__metadata__"), tensor_infos | json_values, max_size=3)


@settings(max_examples=300)
@given(
    data=st.binary()
    | st.binary().map(with_header)
    | headers.map(lambda header: with_header(json.dumps(header).encode()))
)
def test_any_bytes_are_loaded_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.safetensors"
    path.write_bytes(data)
    load_or_refuse(path)


@pytest.mark.parametrize("size", [2**23 + 1, 2**32, 2**63, 2**64 - 1])
def test_a_header_that_claims_too_much_is_refused(tmp_path, size):
    (tmp_path / "p").write_bytes(size.to_bytes(8, "little") + bytes(100))
    with pytest.raises(ValueError, match="header of more than 8388608 bytes"):
        load_params(tmp_path / "p")


def test_a_header_of_very_many_names_is_refused_unread_and_never_written(tmp_path, monkeypatch):
    names = ",".join(f'"{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(300_000))
    (tmp_path / "p").write_bytes(with_header(f"{{{names}}}".encode()))
    with pytest.raises(ValueError, match="header of more than 8388608 bytes"):
        load_params(tmp_path / "p")
    with pytest.raises(ValueError, match=r"params has 1 names, which with `about` take 9\d{6} bytes"):
        save_run({"w": torch.ones(1)}, {"story": "x" * 9_000_000}, tmp_path / "q")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


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


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["disk full", "interrupted"])
@pytest.mark.parametrize(("owner", "stage"), [(os, "fsync"), (Path, "replace")])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, owner, stage, error):
    def fail(*args):
        raise error

    save_params({"w": torch.ones(2)}, tmp_path / "p")
    monkeypatch.setattr(owner, stage, fail)
    with pytest.raises(type(error)):
        save_params({"w": torch.zeros(2)}, tmp_path / "p")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert load_params(tmp_path / "p")["w"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"__metadata__": torch.ones(1)}, "params has a '__metadata__'"),
        ({"w": torch.ones(1, dtype=torch.complex128)}, "params has a torch.complex128"),
    ],
)
def test_parameters_that_no_file_has_are_refused_before_one_is_made(tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        save_params(params, tmp_path / "p")
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_the_system_has_them_can_be_written(tmp_path):
    save_params({"w": torch.ones(2)}, tmp_path / ("p" * 255))
    assert load_params(tmp_path / ("p" * 255))["w"].tolist() == [1, 1]


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        save_params({}, tmp_path / "nowhere" / "p")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        save_params({}, tmp_path / "file" / "p")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        save_params({}, tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


HARD_TIMES = """
import os, random, resource, signal, sys, time
from pathlib import Path

import torch

from xorfunc.checkpoint import load_run, save_run

folder = Path(sys.argv[1])
path = folder / "p"
torch.set_num_threads(1)

def save(value):
    save_run({"w": torch.full((100_000,), float(value))}, {"value": value}, path)

def whole():
    run = load_run(path)
    return run.params["w"].unique().tolist() == [run.about["value"]]

save(0)
random.seed(0)
for _ in range(30):
    child = os.fork()
    if child == 0:
        for value in range(10_000):
            save(value)
        os._exit(1)
    time.sleep(random.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert whole()
for left in folder.glob(".*.part"):
    left.unlink()
assert list(folder.iterdir()) == [path]

# A file that may not grow to its size is as good as a full disk.
save(1)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    save(2)
except OSError as error:
    print(type(error).__name__, load_run(path).about["value"], whole(), len(list(folder.iterdir())))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork, no limits")
def test_a_writer_killed_at_any_moment_or_out_of_space_leaves_a_whole_file(tmp_path):
    run = subprocess.run([sys.executable, "-c", HARD_TIMES, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("OSError 1 True 1\n", "")


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
