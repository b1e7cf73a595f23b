"""Every way to change what takes part in an answer is seen, in a process of its own: its hooks stay for good."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os
from types import SimpleNamespace
from checker import law, untouched, worker, wire

def made(content):
    def closed():
        return content
    def function(a, b=1, *, c=2):
        return closed()
    return function

names = {"function": made(1), "LIMIT": 3}
laws = {"f": {"agrees": SimpleNamespace(trial=made(2))}}
is_untouched = untouched.watch(names, laws)
assert is_untouched()
names["later"] = vars(wire)["later"] = len
assert is_untouched()
"""
STEP = """
if not os.fork():
    {change}
    print(is_untouched(), flush=True)
    os._exit(0)
os.wait()
"""
CHANGES = {
    "another code": "names['function'].__code__ = names['function'].__code__.replace(co_name='other')",
    "other defaults": "names['function'].__defaults__ = (2,)",
    "no defaults": "del names['function'].__defaults__",
    "other defaults by keyword": "names['function'].__kwdefaults__ = {'c': 3}",
    "one default by keyword": "names['function'].__kwdefaults__['c'] = 3",
    "what a function has closed over": "names['function'].__closure__[0].cell_contents = len",
    "a name of the checks": "names['LIMIT'] = 4",
    "a name less": "del names['LIMIT']",
    "a law less": "del laws['f']['agrees']",
    "a function of the checker": "wire.encode = len",
    "a method of the checker": "worker.Session.ask = lambda *_: None",
    "a method's code": "worker.Session.ask.__code__ = (lambda *_: None).__code__",
    "a law of a function": "laws['f']['agrees'] = SimpleNamespace(trial=None)",
    "the trial of a law": "laws['f']['agrees'].trial = len",
    "a function's laws": "laws['f'] = {}",
    "another code, and its own again": "f = names['function']; own = f.__code__; "
    "f.__code__ = own.replace(co_name='other'); f.__code__ = own",
}


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_each_change_is_seen():
    steps = [STEP.format(change=change) for change in CHANGES.values()]
    program = "\n".join([PROGRAM, *steps])
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=root, check=False)
    seen = dict(zip(CHANGES, done.stdout.split(), strict=False))
    assert seen == dict.fromkeys(CHANGES, "False"), done.stderr
