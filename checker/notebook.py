"""The check of what a notebook defines: `from checker import check`, then `check("exercise3")` at the end of a cell.

A notebook's process is no place to judge in: torch is at work there, threads are running, cells may have replaced
anything, and no answer should ever be in it. So the functions' text is cut out of the cells that ran (see `cells`), put
below the exercise's untouched file, which brings its imports and constants, and handed to a process of its own. That
is this module as a program; what it finds comes back as plain data.

What counts is the last definition that was run. A function that no cell has defined is still to do. In a script, its
file takes the place of the cells.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import Any

from checker import cells, course
from checker.course import Course, CourseError, Exercise
from checker.replay import Replay, ReplayError, outcome, read
from checker.report.invitation import Invitation
from checker.stub import stub_of
from checker.verdict import Report, Verdict, restored

NAME = "this notebook"
"""What messages call the file that there is none of."""

NOT_HERE = f"not in {NAME} yet: write it in a cell and run the cell"

NO_TEXT = "defined here, but not in a cell or a file that can be read: write it in one"

WIDTH = 100
"""Of the text."""


class NotebookError(Exception):
    """The call cannot be answered; the message says the way out."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message, without the lines of this module."""
        return [f"check: {self}"]


@dataclass(frozen=True)
class Checked:
    """What was found: a notebook shows it by itself where it is the last value of a cell."""

    report: Report
    exercise: Exercise
    note: str = ""
    """What became of a failure that was repeated."""
    after: str | None = None
    """The next exercise, if there is one."""

    @property
    def passed(self) -> bool:
        """Whether every function passed."""
        return self.report.passed

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html

    @cached_property
    def _html(self) -> str:
        from checker.report.html import fragment

        hints = {verdict.name: self.exercise.hints(verdict.name) for verdict in self.report.verdicts}
        return fragment(self.report, hints=hints, call=Invitation("notebook"), note=self.note)

    @cached_property
    def _text(self) -> str:
        from rich.console import Console

        from checker.report.terminal import Terminal

        stream = TextIOWrapper(BytesIO(), encoding="utf-8")
        console = Console(file=stream, width=WIDTH, force_terminal=False, force_jupyter=False)
        terminal = Terminal(console=console, invitation=Invitation("notebook"))
        terminal.start(self.report.exercise, self.report.file, [verdict.name for verdict in self.report.verdicts])
        for verdict in self.report.verdicts:
            terminal.line(verdict)
        terminal.finish(self.report, after=self.after, total=len(self.exercise.functions))
        stream.seek(0)
        return "\n".join([stream.read().rstrip("\n"), *([self.note] if self.note else [])])


def check(
    exercise: str | int,
    function: str | None = None,
    *,
    seed: int = 0,
    timeout: float = 10.0,
    device: str = "auto",
    replay: str | None = None,
) -> Checked:
    """Check the functions of an exercise that this notebook has defined.

    Args:
        exercise: as "exercise3", 3 or "transforms".
        function: check only this one.
        seed: draws other inputs.
        timeout: seconds for each function.
        device: where to compute; "auto" takes a GPU if there is one.
        replay: the token of a failure that is to be repeated exactly.

    Raises:
        NotebookError: the course has no such exercise or function, or the check itself failed.
    """
    here, names, name = _here(), _namespace(), NAME if _shell() is not None else _script().name
    try:
        home = _course()
        chosen = home.select(str(exercise))
        functions = list(chosen.functions) if function is None else [chosen.function(function)]
        given = stub_of(chosen)
        wanted = None if replay is None else _wanted(replay, chosen, functions)
    except (CourseError, ReplayError) as cause:
        raise NotebookError(str(cause)) from None
    extract = cells.extract(
        [*_unseen(functions, here, names), *here], [name for name in functions if name in names], given
    )
    request = {
        "course": str(home.root),
        "exercise": chosen.name,
        "functions": functions,
        "name": name,
        "text": extract.text,
        "seed": seed,
        "timeout": timeout,
        "device": device,
        "replay": replay,
    }
    report = _ask(request)
    verdicts = tuple(_at_home(verdict, extract) for verdict in report.verdicts)
    report = replace(report, verdicts=verdicts, file=name)
    following = home.exercises[home.exercises.index(chosen) + 1 :]
    after = following[0].name if following else None
    return Checked(report, chosen, "" if wanted is None else outcome(wanted, report), after)


def _wanted(token: str, exercise: Exercise, functions: list[str]) -> Replay:
    """What a token says; only its function is asked.

    Raises:
        ReplayError: it is none, or of something else.
    """
    wanted = read(token)
    if wanted.exercise != str(exercise.number) or wanted.function not in functions:
        call = Invitation("notebook").replay(f"exercise{wanted.exercise}", wanted.function, token)
        raise ReplayError(f"This token is of exercise{wanted.exercise}, {wanted.function}: {call}")
    functions[:] = [wanted.function]
    return wanted


def _course() -> Course:
    """The course around the notebook, or the one that comes with this program."""
    return course.find() if os.environ.get("XOR_COURSE") else course.around(Path.cwd() / "notebook.ipynb")


# What the notebook defines


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _here() -> list[cells.Statement]:
    """The statements that ran here: of a notebook its cells, of a script its file."""
    shell = _shell()
    if shell is not None:
        return cells.statements(shell.history_manager.input_hist_parsed)
    script = _script()
    return cells.statements([script.read_text("utf-8")] if script.is_file() else [])


def _script() -> Path:
    return Path(getattr(sys.modules["__main__"], "__file__", None) or "this session")


def _namespace() -> Mapping[str, Any]:
    shell = _shell()
    return vars(sys.modules["__main__"]) if shell is None else shell.user_ns


def _unseen(
    functions: Sequence[str], here: Sequence[cells.Statement], names: Mapping[str, Any]
) -> list[cells.Statement]:
    """Statements for what no cell binds by name, such as what came by `%run` or `from module import *`."""
    bound = frozenset().union(*(one.binds for one in here))
    wanted = {*functions}.union(*(one.needs_now | one.needs_later for one in here))
    lines = [_made_again(name, names[name]) for name in sorted(wanted - bound) if name in names]
    return cells.statements([line for line in lines if line])


def _made_again(name: str, value: Any) -> str:
    """A statement that gives a name the value that it has here; empty where there is none."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module == "__main__" or not (isinstance(module, str) and isinstance(qualified, str)):
        try:
            return inspect.getsource(value) if inspect.isfunction(value) else ""
        except OSError:
            return ""
    same = getattr(sys.modules.get(module), qualified, None) is value
    return f"from {module} import {qualified} as {name}" if same else ""


def _at_home(verdict: Verdict, extract: cells.Extract) -> Verdict:
    """The verdict in the words of a notebook: what is not here yet, and cells instead of lines of no file."""

    def place(found: re.Match[str]) -> str:
        origin = extract.origins[int(found[1]) - 1] if int(found[1]) <= len(extract.origins) else None
        if origin is None:
            return found[0]
        cell = f"cell {origin[0]}, " if origin[0] else ""  # a script is the one text before the first cell
        return f"  {cell}line {origin[1]}, in "

    if verdict.name not in extract.names and verdict.status == "todo":
        if verdict.name in _namespace():
            return replace(verdict, message=NO_TEXT)
        return replace(verdict, message=NOT_HERE) if _shell() is not None else verdict
    traceback = verdict.traceback and re.sub(r"^  line (\d+), in ", place, verdict.traceback, flags=re.MULTILINE)
    failures = tuple(replace(each, message=_as_arguments(each.message)) for each in verdict.failures)
    return replace(verdict, message=_as_arguments(verdict.message), traceback=traceback, failures=failures)


def _as_arguments(message: str) -> str:
    return message.replace("--timeout SECONDS", "timeout=SECONDS")


# The process that judges


def _ask(request: Mapping[str, Any]) -> Report:
    """Have a process of its own check the text."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "checker.notebook"],
        input=json.dumps(request).encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # an interrupt is for the notebook, which ends this process then
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or f"it ended with {done.returncode}"
        raise NotebookError(f"the checker itself failed ({reason}); your code is not to blame.") from None
    if "problem" in answer:
        raise NotebookError(answer["problem"])
    return restored(answer)


def _judge(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the report on a text as data."""
    exercise = course.find(Path(request["course"])).select(request["exercise"])
    from checker import sandbox  # imports torch

    try:
        workers = sandbox.start(preload=exercise.preload)
    except ValueError as cause:
        return {"problem": str(cause)}
    with workers:
        from checker import answer_key  # after the fork, since no worker may hold an answer
        from checker.exam import NoDevice, Submission, device_for, grade, repeat

        try:
            device = device_for(request["device"])
        except NoDevice as cause:
            return {"problem": str(cause)}
        text, key = request["text"].encode(), answer_key.load(exercise.folder)
        submission = Submission(
            Path(request["name"]), text, key, device, request["seed"], request["timeout"], imported_as="__main__"
        )
        if request["replay"] is None:
            return asdict(grade(workers, exercise.name, submission, request["functions"]))
        try:
            return asdict(repeat(workers, exercise.name, submission, read(request["replay"])))
        except ReplayError as cause:
            return {"problem": str(cause)}


def main() -> None:
    """Answer one request from standard input on standard output."""
    for library in ("OMP", "OPENBLAS", "MKL"):  # before torch: workers are forked, and a fork keeps only one thread
        os.environ[f"{library}_NUM_THREADS"] = "1"
    print(json.dumps(_judge(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
