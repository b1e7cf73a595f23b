"""One small task for workers to do, and workers of both kinds to do it."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from checker import sandbox
from checker.sandbox import Job, Worker, Workers, default_method

CHECKS = """
import os

from checker.spec import check, seen_by, tensor

def twice(answer, x):
    "gives the same answer again"
    return answer.double(x), answer.double(x)

def where(answer, x):
    "runs in a process"
    return os.getpid()

check("double", x=tensor("N"), laws=[seen_by(twice), seen_by(where)])
"""
RIGHT = "def double(x):\n    return 2 * x\n"


def job(source: str = RIGHT, **changes: object) -> Job:
    """Give the job of loading a file that should define `double`."""
    fields = {
        "source": source,
        "path": "exercise1_doubles.py",
        "folder": None,
        "checks": CHECKS,
        "function": "double",
        "off_limits": (),
        "device": "cpu",
    }
    return Job(**(fields | changes))  # type: ignore[arg-type]


def harm(name: str) -> Job:
    path = Path(__file__).parent / "harms" / f"{name}.py"
    return job(path.read_text(), path=str(path))


def load(workers: Workers, what: Job, seconds: float = 10.0) -> Worker:
    return workers.worker(what, deadline=monotonic() + seconds)


def ask(worker: Worker, *inputs: object, law: str = "agrees", seconds: float = 10.0) -> object:
    return worker.ask(law, inputs, deadline=monotonic() + seconds)


KINDS = [pytest.param(kind, marks=() if kind == default_method() else pytest.mark.slow) for kind in ("fork", "spawn")]
"""How workers are made: the way of this system in every run, the other one among the slow tests."""


@pytest.fixture(scope="module", params=KINDS)
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    """Workers of both kinds, kept for all tests of a module, as a checker keeps them for all functions."""
    with sandbox.start(request.param) as started:
        yield started
