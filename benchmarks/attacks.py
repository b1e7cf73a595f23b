"""What becomes of submissions that try to get a pass they did not compute, or to do harm.

    python -m benchmarks.attacks [NAME...] [--sandbox none|strict] [--timeout SECONDS] [--json]

Each file of `tests/attacks` is put in the place of one function of a solved exercise and graded by a real judge, the
process that `xor-check grade` uses. It is told where its victims are, all of them decoys: results, another submission,
a solution, a file, a running process, a server. After each attack the victims are looked at, and an honest submission
is graded by the same judge. The table says for each sandbox which status the function got and which harm was done. The
exit code is 1 where any function passed, or where harm was done in spite of the sandbox.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

from benchmarks.victims import COURSE, SECRET, Victims
from checker.course import Course, find, packaged
from checker.grading import nursery, unit
from checker.grading.handed_in import shown
from checker.grading.judge import Answer, Gone, Judge, Setting
from checker.grading.nursery import Judges
from checker.grading.unit import Order

FOLDER = Path(__file__).parent.parent / "tests" / "attacks"
SANDBOXES = ("none", "strict")
OUR_OWN = ("__init__.py", "conftest.py", "odd_files.py", "odd_hand_ins.py")
"""Files beside the attacks that are none."""
SEED = 20_261_126
GONE_IN = 3.0
"""Seconds in which processes that were killed must be gone."""

TRIES = 3
"""Judges that one submission may cost, as in a run."""


# The attacks


@dataclass(frozen=True)
class Attack:
    """One submission."""

    name: str
    what: str
    """What it tries, in a sentence."""
    code: bytes
    exercise: str
    """Of the small course that is there to be attacked, or of the real one."""
    function: str
    whole: bool
    """Whether it is the whole file, not only a function."""
    only_in_strict: str
    """Why it is not made without a sandbox; empty where it is."""

    @property
    def on_real_course(self) -> bool:
        """Whether it attacks an exercise that students get."""
        return self.exercise != "target"

    def submission(self, solution: str, victims: Mapping[str, Any]) -> bytes:
        """Give the file that is handed in.

        Args:
            solution: the text of the exercise's solution.
            victims: where they are.
        """
        if self.whole:
            return self.code
        return f"{without(solution, self.function)}\nVICTIMS = {dict(victims)!r}\n".encode() + self.code


def attacks() -> list[Attack]:
    """Give all attacks, by name."""
    from tests.attacks import odd_files

    found = [_read(file) for file in sorted(FOLDER.glob("*.py")) if file.name not in OUR_OWN]
    made = [
        Attack(name, what, code, "target", "target", whole=True, only_in_strict="")
        for name, (what, code) in odd_files.made(honest(COURSE).decode()).items()
    ]
    return sorted([*found, *made], key=lambda attack: attack.name)


def honest(course: Path) -> bytes:
    """Give a right submission to the small course."""
    return (course / "solutions" / "exercise1_target" / "solution.py").read_bytes()


def without(source: str, name: str) -> str:
    """Give a module's text without one of its functions or classes."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "".join(lines[: first - 1] + lines[node.end_lineno :])
    raise ValueError(f"there is no {name!r} to be replaced")


def _read(file: Path) -> Attack:
    module = ast.parse(file.read_bytes())
    said = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in module.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id in ("ATTACKS", "ONLY_IN_STRICT")
    }
    exercise, _, function = said.get("ATTACKS", "target.target").partition(".")
    what = (ast.get_docstring(module) or "").partition("\n")[0]
    return Attack(file.stem, what, file.read_bytes(), exercise, function, False, said.get("ONLY_IN_STRICT", ""))


# Grading them


@dataclass(frozen=True)
class Outcome:
    """What became of one attack."""

    attack: str
    what: str
    sandbox: str
    status: str
    """Of the attacked function; "skipped" where the attack was not made."""
    message: str
    harm: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it got what it had not computed."""
        return self.status == "passed"


@dataclass
class Arena(AbstractContextManager["Arena"]):
    """A judge for each course, and what it is watched by."""

    sandbox: str
    timeout: float
    victims: Victims
    source: Judges
    """Where judges come from."""
    judges: dict[Path, Judge] = field(default_factory=dict[Path, Judge])
    at_rest: dict[Path, int] = field(default_factory=dict[Path, int])
    """How many processes a judge has while it waits."""

    def make(self, attack: Attack) -> Outcome:
        """Grade a submission, and look at the victims."""
        if self.sandbox == "none" and attack.only_in_strict:
            return Outcome(attack.name, attack.what, self.sandbox, "skipped", attack.only_in_strict, (), 0.0)
        self.victims.restore()
        course = packaged() if attack.on_real_course else find(self.victims.course)
        exercise = course.select(attack.exercise)
        data = attack.submission(exercise.solution.read_text("utf-8"), self.victims.told)
        began = time.monotonic()
        answer = self._graded(course, exercise.name, data)
        seconds = time.monotonic() - began
        status, message, printed = _of_function(answer, attack.function)
        harm = [] if answer is not None else ["the judge died"]
        if answer is not None and answer.check is None:
            harm.append("the checker failed")
        harm += self._left_running(course.root)
        harm += ["read what is secret"] if SECRET in printed + message else []
        harm += self.victims.harm()
        self.victims.restore()
        harm += self._harm_to_the_next(course, exercise.name)
        return Outcome(attack.name, attack.what, self.sandbox, status, message, tuple(harm), seconds)

    def _graded(self, course: Course, exercise: str, data: bytes) -> Answer | None:
        """Give the judge's answer; None where it died, or is so stuck that a run would end it."""
        judge = self._judge(course)
        version = unit.course_version(course.select(exercise))
        patience = 20.0 + len(course.select(exercise).functions) * (2 * self.timeout + 2.0)
        overdue = threading.Timer(patience, judge.end)
        overdue.start()
        try:
            judge.send(Order(exercise, version, SEED, self.timeout, data))
            return judge.answer()
        except (Gone, OSError):
            self._end(course)
            return None
        finally:
            overdue.cancel()

    def _judge(self, course: Course) -> Judge:
        if course.root not in self.judges:
            told = self.victims.told
            hidden = (str(course.root / "solutions"), told["results"], told["submissions"])
            names = tuple(one.name for one in course.exercises)
            setting = Setting(str(course.root), names, str(self.victims.scratch), self.sandbox == "strict", hidden)
            judge = self.source.judge(setting)
            judge.receive()
            self.judges[course.root] = judge
        return self.judges[course.root]

    def _left_running(self, root: Path) -> list[str]:
        judge = self.judges.get(root)
        if judge is None or root not in self.at_rest:
            return []
        last = time.monotonic() + GONE_IN
        while (left := len(descendants(judge.pid)) - self.at_rest[root]) > 0 and time.monotonic() < last:
            time.sleep(0.02)
        return [f"{left} processes left"] if left > 0 else []

    def _harm_to_the_next(self, course: Course, exercise: str) -> list[str]:
        """Have the same judge grade an honest submission, or, as a run would, another judge where that one is gone."""
        for _ in range(TRIES):
            answer = self._graded(course, exercise, course.select(exercise).solution.read_bytes())
            if answer is not None and answer.check is not None:
                self.at_rest.setdefault(course.root, len(descendants(self.judges[course.root].pid)))
                return [] if answer.check["passed"] else ["the next one failed"]
        self._end(course)
        return ["the next one got no grade"]

    def warm_up(self, attacks: Sequence[Attack]) -> None:
        """Have each judge grade an honest submission, and count its processes."""
        self.victims.restore()
        for course in {attack.on_real_course: self._course(attack) for attack in attacks}.values():
            if harm := self._harm_to_the_next(course, course.exercises[0].name):
                raise RuntimeError(f"before any attack: {harm}")

    def _course(self, attack: Attack) -> Course:
        return packaged() if attack.on_real_course else find(self.victims.course)

    def _end(self, course: Course) -> None:
        if judge := self.judges.pop(course.root, None):
            self.at_rest.pop(course.root, None)
            judge.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for judge in self.judges.values():
            judge.end()


def _of_function(answer: Answer | None, function: str) -> tuple[str, str, str]:
    if answer is None or answer.check is None:
        return "no grade", (answer.failure if answer else None) or "", ""
    found = next(one for one in answer.check["functions"] if one["name"] == function)
    return found["status"], found["message"], json.dumps(answer.check)


def descendants(pid: int) -> list[int]:
    """Give the processes that a process has started, and those that these have."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
    found, new = set[int](), {pid}
    while new := {child for child, parent in parents.items() if parent in new} - found:
        found |= new
    return sorted(found)


def outcomes(chosen: Sequence[Attack], sandbox: str, timeout: float) -> Iterator[Outcome]:
    """Make attacks, one after the other, and say what became of each.

    Args:
        chosen: which ones.
        sandbox: "none" or "strict".
        timeout: seconds for each function.
    """
    with ExitStack() as stack:
        victims, judges = stack.enter_context(Victims()), stack.enter_context(nursery.start())
        arena = stack.enter_context(Arena(sandbox, timeout, victims, judges))
        arena.warm_up([attack for attack in chosen if not (sandbox == "none" and attack.only_in_strict)])
        for attack in chosen:
            yield arena.make(attack)


# What is no file of its own: archives, links and names


def hand_ins(sandbox: str, timeout: float) -> Iterator[Outcome]:
    """Have a class of odd hand-ins graded as an instructor would, and say what became of each.

    Args:
        sandbox: "none" or "strict".
        timeout: seconds for each function.
    """
    from checker.grading.store import Store
    from tests.attacks.odd_hand_ins import HAND_INS

    with Victims() as victims:
        folder, out = victims.folder / "class", victims.folder / "graded"
        folder.mkdir()
        wrong = honest(COURSE).replace(b"(x * y).sum(dim=-1)", b"x[..., 0]")
        entries: dict[str, str] = {}
        for what, hand_in in HAND_INS.items():
            before = set(os.listdir(folder))
            hand_in(folder, wrong)
            (entry,) = set(os.listdir(folder)) - before
            entries[shown(str(folder / entry))] = what
        call = ["grade", str(folder), "--out", str(out), "--sandbox", sandbox, "--course", str(victims.course)]
        began = time.monotonic()
        program = [sys.executable, "-P", "-c", "from checker.cli import main; main()", *call, "--timeout", str(timeout)]
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
        environment = {**os.environ, "PYTHONPATH": path}
        said = subprocess.run(program, capture_output=True, cwd=victims.scratch, env=environment, check=False)
        seconds = (time.monotonic() - began) / len(entries)
        if said.returncode != 0:
            raise RuntimeError(f"grading a class ended with {said.returncode}: {said.stderr.decode(errors='replace')}")
        with Store.open(out / "grades.sqlite") as store:
            rows = store.rows()
        harm = [] if len(rows) == len(entries) else [f"{len(rows)} rows for {len(entries)} hand-ins"]
        harm += _unsafe(said.stdout + said.stderr, "terminal")
        for file in sorted(file for file in out.rglob("*") if file.is_file() and ".sqlite" not in file.name):
            harm += _unsafe(file.read_bytes(), file.suffix)
        shutil.rmtree(folder)
        shutil.rmtree(out)
        slips = [*Path("/tmp").glob("xor-attack-slip*"), *victims.scratch.glob("xor-attack-slip*")]
        harm += victims.harm() + [f"wrote {file.name}" for file in slips]
        yield Outcome(
            "a class of odd hand-ins", "All below, in one class.", sandbox, "graded", "", tuple(harm), seconds
        )
        for row in rows:
            what = entries.get(row.source, row.source)
            status = str(row.state)
            if any(function["name"] == "target" and function["status"] == "passed" for function in _functions(row)):
                status = "passed"
            yield Outcome(what, f"{what.capitalize()}.", sandbox, status, row.reason, (), seconds)


def _functions(row: Any) -> Iterator[Mapping[str, Any]]:
    for check in row.checks.values():
        yield from check["functions"]


def _unsafe(content: bytes, kind: str) -> list[str]:
    """Say what in a text would be obeyed by whoever shows it."""
    found = [f"a terminal's orders in {kind}"] if b"\x1b" in content or b"\x9b" in content.replace(b"\xc2", b"") else []
    if kind == ".csv":
        cells = [cell for row in csv.reader(content.decode("utf-8-sig").splitlines()) for cell in row]
        found += ["a formula in a table"] if any(cell[:1] in ("=", "@", "+", "\t", "\r") for cell in cells) else []
    if kind == ".html" and b"<script>alert" in content:
        found.append("a script in a page")
    return found


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which attacks; all by default")
    parser.add_argument("--sandbox", choices=SANDBOXES, help="both by default")
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds that one function may take")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    wanted = [attack for attack in attacks() if not chosen.names or attack.name in chosen.names]
    sandboxes = [chosen.sandbox] if chosen.sandbox else SANDBOXES
    found: list[Outcome] = []
    for sandbox in sandboxes:
        odd = [] if chosen.names else hand_ins(sandbox, chosen.timeout)
        for outcome in chain(outcomes(wanted, sandbox, chosen.timeout), odd):
            found.append(outcome)
            if not chosen.json:
                harm = ", ".join(outcome.harm) or "no harm"
                print(
                    f"{outcome.attack:32} {sandbox:6} {outcome.seconds:5.1f} s  {outcome.status:8} {harm:40} "
                    f"{outcome.message.splitlines()[0][:70] if outcome.message else ''}",
                    flush=True,
                )
    passes = [outcome.attack for outcome in found if outcome.passed]
    harms = {name: [one.attack for one in found if one.sandbox == name and one.harm] for name in sandboxes}
    if chosen.json:
        rows = [asdict(outcome) for outcome in found]
        print(json.dumps({"attacks": rows, "passes": passes, "harms": harms}))
    else:
        made = len({outcome.attack for outcome in found})
        print(f"{made} attacks. Passes that were not computed: {len(passes)} {' '.join(passes)}")
        for name, some in harms.items():
            print(f"Harm with the sandbox {name}: {len(some)} {' '.join(some)}")
    return 1 if passes or harms.get("strict") else 0


if __name__ == "__main__":
    sys.exit(main())
