"""One exercise's check from a student's file to a report.

The order matters for speed and for safety: torch is imported, then the zygote is forked, and only then are hypothesis
and the answer key loaded, so that no worker ever holds either. Functions are asked in one worker, one after the other,
for as long as they pass or are still to do. Whatever else is found counts only in a worker where no other function was
asked before: what one does to its process is not held against the next.
"""

from __future__ import annotations

import codecs
import difflib
import importlib.util
import inspect
import io
import json
import time
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from checker.course import Exercise
from checker.sandbox import Job, Loaded, Lost, Worker, Workers
from checker.verdict import Report, Verdict

if TYPE_CHECKING:
    from checker.answer_key import AnswerKey
    from checker.observation import Raised
    from checker.replay import Replay

OnVerdict = Callable[[Verdict], None]

ANSWERS = ("solution.py", "misconceptions.py", "alternatives.py")
MAX_SOURCE = 2**20
"""Characters of a file as it travels to a worker, where each that is not ASCII takes six."""
ENCODINGS = {codecs.lookup(name).name for name in ("ascii", "utf-8", "utf-8-sig", "latin-1", "iso8859-15", "cp1252")}
"""What is read: some others that Python knows are no encodings of text, or take hours for a mebibyte."""


class NoDevice(Exception):
    """The device that was asked for is not there."""


def check(
    workers: Workers,
    exercise: Exercise,
    file: Path,
    functions: Sequence[str] | None = None,
    *,
    device: str = "auto",
    seed: int = 0,
    timeout: float = 10.0,
    on_verdict: OnVerdict | None = None,
    wanted: Replay | None = None,
) -> Report:
    """Check a student's file.

    Args:
        workers: from `sandbox.start`, called before this process imported or did much else.
        exercise: what the file should solve.
        file: the student's file.
        functions: which functions to check; all by default.
        device: where inputs are made: "cpu", "cuda", or "auto" for cuda where there is one.
        seed: decides which inputs are drawn.
        timeout: seconds that one function may take, all its calls together.
        on_verdict: told of each verdict as soon as it is known.
        wanted: what a token says, to ask nothing but its case.

    Raises:
        ReplayError: the checks have no case such as the token's.
        NoDevice: `device` is "cuda" and there is none.
        OSError: the file cannot be read.
    """
    data = file.read_bytes()
    from checker import answer_key  # after the fork, since no worker may hold an answer

    key = answer_key.load(exercise.folder)
    submission = Submission(file, data, key, device_for(device), seed, timeout)
    if wanted is not None:
        return repeat(workers, exercise.name, submission, wanted, on_verdict=on_verdict)
    return grade(workers, exercise.name, submission, functions, on_verdict=on_verdict)


def repeat(
    workers: Workers, exercise: str, submission: Submission, wanted: Replay, *, on_verdict: OnVerdict | None = None
) -> Report:
    """Ask a student's function the one case of a token.

    Args:
        workers: from `sandbox.start`.
        exercise: what the file should solve.
        submission: the file, with the whole key of the exercise.
        wanted: what the token says.
        on_verdict: told of the verdict as soon as it is known.

    Raises:
        ReplayError: the checks have no such case.
    """
    from checker import replay

    key = replay.narrowed(submission.key, wanted)
    narrow = replace(submission, key=key, seed=wanted.seed, shrink=False, explain=False)
    return grade(workers, exercise, narrow, [wanted.function], on_verdict=on_verdict)


def grade(
    workers: Workers,
    exercise: str,
    submission: Submission,
    functions: Sequence[str] | None = None,
    *,
    on_verdict: OnVerdict | None = None,
) -> Report:
    """Check a submission that has been read already."""
    start = time.perf_counter()
    verdicts: list[Verdict] = []
    unusable: Verdict | None = submission.unreadable
    with _Desk(workers, submission) as desk:
        for name in functions or submission.key.checks:
            began = time.perf_counter()
            if unusable is None:
                verdict, concerns_all = _examine(desk, name)
                unusable = verdict if concerns_all else None
            else:
                verdict = replace(unusable, name=name, hints=len(submission.key.checks[name].hints))
            verdicts.append(replace(verdict, seconds=time.perf_counter() - began))
            if on_verdict is not None:
                on_verdict(verdicts[-1])
    seconds = time.perf_counter() - start
    return Report(exercise, submission.device, submission.seed, tuple(verdicts), seconds, str(submission.file))


@dataclass(frozen=True)
class Submission:
    """A student's file, and what it is checked with."""

    file: Path
    data: bytes
    key: AnswerKey
    device: str
    seed: int
    timeout: float
    shrink: bool = True
    """Whether the counterexample is made as small as it can be."""
    explain: bool = True
    """Whether a known mistake is looked for."""
    alone: bool = False
    """Whether the file stands for itself: what lies beside it cannot be imported."""
    imported_as: str = ""
    """The name to import it by, where that is not the file's."""

    @cached_property
    def source(self) -> str:
        """The text of the file, decoded as Python would."""
        encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
        if codecs.lookup(encoding).name not in ENCODINGS:
            raise SyntaxError(f"it says that its encoding is {encoding}")
        return importlib.util.decode_source(self.data)

    @property
    def unreadable(self) -> Verdict | None:
        """The verdict on every function of a file that is no text."""
        try:
            self.source.encode()
        except (SyntaxError, UnicodeError) as error:
            return Verdict(
                "", "invalid", f"{self.file.name} is no text that Python can read: {error}. Save it as UTF-8."
            )
        if "\0" in self.source:
            return Verdict("", "invalid", f"{self.file.name} is no text: it has zero bytes. Save it as UTF-8.")
        if len(json.dumps(self.source)) > MAX_SOURCE:
            return Verdict("", "invalid", f"{self.file.name} is too large: an exercise takes a few hundred lines.")
        return None

    @property
    def module(self) -> str:
        """The name to import the file by, from the course folder."""
        if self.imported_as:
            return self.imported_as
        folder = self.file.resolve().parent.name
        return f"{folder}.{self.file.stem}" if folder == "exercises" else self.file.stem

    def job(self, name: str) -> Job:
        """Give what a worker needs to run one function, and nothing more."""
        check = self.key.checks[name]
        folder = None if self.alone else str(self.file.resolve().parent)
        closed = tuple(str(self.key.folder / answers) for answers in ANSWERS)
        return Job(
            self.source, str(self.file), folder, self.key.checks_source, name, check.off_limits, self.device, closed
        )


class _Desk:
    """Where a submission's functions are asked, one after the other."""

    def __init__(self, workers: Workers, submission: Submission) -> None:
        self.submission = submission
        self._workers = workers
        self._worker: Worker | None = None
        self._off_limits: Sequence[str] = ()

    def go_on(self, name: str, deadline: float) -> Worker | None:
        """Give the worker at the desk, if it may be asked about one more function."""
        same = self.submission.key.checks[name].off_limits == self._off_limits
        try:
            fit = same and self._worker is not None and self._worker.turn(name, deadline=deadline)
        except Lost:
            return None
        return self._worker if fit else None

    def start_afresh(self, name: str, deadline: float) -> Worker:
        """Give a worker in which nothing was asked before; raises `Lost`."""
        self.leave()
        job = self.submission.job(name)
        self._worker, self._off_limits = self._workers.worker(job, deadline=deadline), job.off_limits
        return self._worker

    def leave(self) -> None:
        """Let the worker go."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()


SAID_ANYWHERE = ("passed", "todo", "timeout")
"""What is believed of a function in whose process another one was asked before; to wait a second time helps nobody."""


def _examine(desk: _Desk, name: str) -> tuple[Verdict, bool]:
    """Give the verdict on one function, and whether the whole file shares it."""
    from checker.wording import patience

    submission = desk.submission
    file, hints = submission.file.name, len(submission.key.checks[name].hints)
    deadline = time.monotonic() + submission.timeout
    worker = desk.go_on(name, deadline)
    if worker is not None:
        verdict = _ask(worker, replace(submission, shrink=False, explain=False), name, deadline)
        if verdict.status in SAID_ANYWHERE:
            return verdict, False
    deadline = time.monotonic() + submission.timeout
    try:
        worker = desk.start_afresh(name, deadline)
    except Lost as error:
        message = f"Importing {file} {error.message}{patience(error)}."
        return Verdict(name, error.status, message, printed=error.printed, hints=hints), True
    if worker.loaded.problem is not None:
        problem = _import_failed(name, file, worker.loaded.problem)
        return replace(problem, printed=worker.printed, hints=hints), True
    return _ask(worker, submission, name, deadline + worker.waited), False


def _ask(worker: Worker, submission: Submission, name: str, deadline: float) -> Verdict:
    """Give what a worker's answers say of one function."""
    from checker.judge import Asking, judge

    check = submission.key.checks[name]
    verdict = _unfit(name, worker.loaded, submission)
    if verdict is None:
        key, device, seed = submission.key, submission.device, submission.seed
        asking = Asking(key, check, worker, submission.module, device, seed, deadline)
        verdict = judge(asking, shrink=submission.shrink, explain=submission.explain)
    return replace(verdict, printed=worker.printed, hints=len(check.hints))


def _import_failed(name: str, file: str, problem: Raised) -> Verdict:
    from checker.wording import traceback_text

    what = "is not valid Python" if problem.type in SYNTAX_ERRORS else "cannot be imported"
    message = f"{file} {what}: {problem.type}: {problem.message}"
    return Verdict(name, "invalid", message, traceback=traceback_text(problem))


SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")


def _unfit(name: str, loaded: Loaded, submission: Submission) -> Verdict | None:
    """Give the verdict on a function that cannot be asked: there is none, or it takes other arguments."""
    file, answer = submission.file.name, getattr(submission.key.solution, name)
    if loaded.kind == "missing":
        near = difflib.get_close_matches(name, set(loaded.names) - set(submission.key.checks), n=1)
        guess = f": is `{near[0]}` meant to be it?" if near else "."
        return Verdict(name, "missing", f"{file} has no `{name}`{guess} Its name must be as in the stub.")
    wanted = "class" if inspect.isclass(answer) else "function"
    if wanted == "class" and loaded.kind != "class":
        return Verdict(name, "invalid", f"`{name}` must be a class, and is a {loaded.kind}.")
    if loaded.kind not in ("function", "class", "callable"):
        return Verdict(name, "invalid", f"`{name}` must be a {wanted}, and is an object of type {loaded.kind}.")
    if loaded.parameters is None or _accepts(loaded.parameters, list(inspect.signature(answer).parameters)):
        return None
    given = ", ".join(parameter for parameter, _, _ in loaded.parameters)
    wanted_names = ", ".join(inspect.signature(answer).parameters)
    message = f"`{name}` takes ({given}), and must take ({wanted_names}): keep the arguments of the stub."
    return Verdict(name, "invalid", message)


def _accepts(parameters: Sequence[tuple[str, str, bool]], wanted: Sequence[str]) -> bool:
    """Whether a call with the wanted arguments, in their order, fits; other names are the student's own affair."""
    positional = [(name, default) for name, kind, default in parameters if kind.startswith("POSITIONAL")]
    starred = any(kind == "VAR_POSITIONAL" for _, kind, _ in parameters)
    needed = sum(not default for _, default in positional)
    if any(kind == "KEYWORD_ONLY" and not default for _, kind, default in parameters):
        return False
    if not (needed <= len(wanted) and (starred or len(wanted) <= len(positional))):
        return False
    names = [name for name, _ in positional][: len(wanted)]
    return set(names) != set(wanted) or names == list(wanted)


def device_for(wanted: str) -> str:
    """Give the device that "auto", "cpu" or "cuda" stands for here.

    Raises:
        NoDevice: it is "cuda", and there is none.
    """
    import torch

    if wanted == "cpu":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    if wanted == "auto":
        return "cpu"
    raise NoDevice("PyTorch finds no CUDA device here: leave out --device, or say --device cpu.")
