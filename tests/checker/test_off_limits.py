import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
from checker import off_limits

off_limits.forbid(["xorfunc.optim.sgd", "xorfunc.train.train_step"], trusted={})
from xorfunc import optim
try:
    optim.sgd(0.1)
except off_limits.OffLimits as error:
    print(error)
"""


EVERYWHERE = """
import sys, types
def module(name, **names):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(names)
    return sys.modules[name]
def answer(): return 1
answer.__module__ = "library"
module("library", answer=answer, alias=answer, __file__="library.py")
early = module("early", borrowed=answer)
sys.modules["blocked"] = None
sys.modules["odd"] = object()
from checker import off_limits
off_limits.look_around()
off_limits.look_around()
late = module("late", borrowed=answer)
undo = off_limits.forbid(["library.answer"], trusted={})
def outcome(call):
    try:
        return call()
    except off_limits.OffLimits:
        return "off limits"
print(*map(outcome, [sys.modules["library"].alias, early.borrowed, late.borrowed]), sep=", ")
undo()
print(sys.modules["library"].alias is early.borrowed is late.borrowed is answer)
print(*(module.__name__ for module, _ in off_limits._imported[id(answer)]))
"""


def test_it_is_forbidden_wherever_it_was_imported_before_and_after_the_look_around():
    program = [sys.executable, "-P", "-c", EVERYWHERE]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.splitlines() == ["off limits, off limits, off limits", "True", "__main__ early"], done.stderr


def test_what_is_forbidden_may_still_be_called_by_the_import_of_what_is_forbidden_next():
    """`xorfunc.train` calls `sgd` for a default value while it is imported."""
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("`xorfunc.optim.sgd` is off limits here")
