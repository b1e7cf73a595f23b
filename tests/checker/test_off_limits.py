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


def test_what_is_forbidden_may_still_be_called_by_the_import_of_what_is_forbidden_next():
    """`xorfunc.train` calls `sgd` for a default value while it is imported."""
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("`xorfunc.optim.sgd` is off limits here")
