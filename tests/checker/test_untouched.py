"""Every way to change what takes part in an answer is seen, in a process of its own: its hooks stay for good."""

import subprocess
import sys
from pathlib import Path

import pytest

from checker import untouched

PROGRAM = """
import os
from checker import law, untouched, worker, wire

def made(content):
    def closed():
        return content
    def function(a, b=1, *, c=2):
        return closed()
    return function

class Law:
    def __init__(self, trial):
        self.trial = trial

names = {"function": made(1), "LIMIT": 3}
laws = {"f": {"agrees": Law(made(2))}}
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
    "a law of a function": "laws['f']['agrees'] = Law(None)",
    "the trial of a law": "laws['f']['agrees'].trial = len",
    "all of a law at once": "laws['f']['agrees'].__dict__ = {'trial': len}",
    "a function's laws": "laws['f'] = {}",
    "the last name of a module": "del vars(wire)[list(vars(wire))[-2]]",
    "a keyword's default less": "names['function'].__kwdefaults__.clear()",
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


@pytest.mark.parametrize("place", [0, 1])
def test_one_name_less_is_seen_wherever_it_is(place: int):
    places, marker = [{"a": 1, "b": 2}, {"c": 3}], object()
    hook = untouched._hook(places, [], [], marker)
    said: list[bool] = []
    hook(untouched.EVENT, (marker, said))
    places[place].popitem()
    hook(untouched.EVENT, (marker, said))
    assert said == [True, False]
