"""`xor-check grade SUBMISSIONS... --out DIR`: many submissions at once, with the same checks, from strangers.

All that matters is in one file, `grades.sqlite`, at any moment. Ctrl-C, a power cut or a kill costs at most what was at
work, and the same call goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from checker.cli.call import CallError, CourseOption, course_of, shown
from checker.cli.check import TIMEOUT, TimeoutOption, seconds
from checker.course import Course, Exercise

if TYPE_CHECKING:
    from checker.grading.cluster import Machines
    from checker.grading.export.folder import Written
    from checker.grading.run import OnProgress, Plan
    from checker.grading.store import Store
    from checker.probing.survey import Survey

STORE = "grades.sqlite"
SEED_FILE = "secret-seed"


class Sandbox(StrEnum):
    """How much of a fence around students' code there must be."""

    auto = "auto"
    strict = "strict"
    none = "none"


SubmissionsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="SUBMISSIONS...", help="Files, archives, folders; a folder of them is a class."),
]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results are kept.", show_default=False)]
ExercisesOption = Annotated[
    str | None,
    typer.Option("--exercises", metavar="LIST", help="Which ones, as 3,4,5; all by default.", show_default=False),
]
WorkersOption = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="So many at a time.")]
ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Grade on Dask: a scheduler's address, or local:N."),
]
TlsCaOption = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="FILE", help="Who vouches for the scheduler.", show_default=False),
]
TlsCertOption = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="Your certificate.", show_default=False)
]
TlsKeyOption = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key.", show_default=False)]
SandboxOption = Annotated[
    Sandbox, typer.Option("--sandbox", help="auto takes what is there; strict refuses without all of it.")
]
SeedOption = Annotated[
    Path | None,
    typer.Option("--secret-seed", metavar="FILE", help="Draw inputs from what the file holds.", show_default=False),
]
RegradeOption = Annotated[
    str | None, typer.Option("--regrade", metavar="STUDENT|all", help="Forget these results first.")
]


def grade(
    context: typer.Context,
    submissions: SubmissionsArgument,
    out: OutOption,
    exercises: ExercisesOption = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    sandbox: SandboxOption = Sandbox.auto,
    secret_seed: SeedOption = None,
    timeout: TimeoutOption = TIMEOUT,
    regrade: RegradeOption = None,
    folder: CourseOption = None,
) -> None:
    """Grade many submissions; a rerun goes on where one was stopped."""
    course = course_of(context)
    chosen = named(course, exercises)
    for path in submissions:
        if not path.exists():
            raise CallError(f"{str(path)!r} is not there: name files, archives or folders that were handed in.")
    from checker.grading import nursery

    machines = context.with_resource(_machines(cluster, (tls_ca, tls_cert, tls_key)))
    judges = machines or context.with_resource(nursery.start())  # which imports torch from now on
    from checker.grading import points  # here and below: no other command needs SQLite

    points.read(course, {one.name: one.functions for one in chosen})  # a mistake in it is told before anything is done
    _make(out)
    seed = _seed(secret_seed, out)
    fence = _fence(sandbox, course, chosen, machines)
    from checker.grading import presence
    from checker.grading.export import folder as export
    from checker.grading.run import NoJudge, Plan
    from checker.grading.run import grade as run

    plan = Plan(
        course,
        chosen,
        int(seed[:15], 16),
        seed[15:31],
        seconds(timeout),
        workers or (_cores() if machines is None else machines.threads),
        fence.enclosed,
        _out_of_sight(chosen, out, submissions),
    )
    presence.clear(out)
    token = secrets.token_hex(8)
    with _store(out) as store, presence.announced(out, token) as scratch:
        store.begin(token, _facts(plan, fence))
        stopped = False
        try:
            _take_in(store, plan, submissions, regrade)
            with export.prepared(store, course), _bar() as on_progress:
                run(store, plan, out, token, scratch, on_progress, judges.judge)
            store.end(token)
        except KeyboardInterrupt:
            stopped = True
        except NoJudge as error:
            typer.echo(f"xor-check: {error}. XOR_CHECK_TRACEBACK=1 shows more.", err=True)
            raise typer.Exit(3) from error
        rows = store.rows()
        exports = _export(store, course, out)
    _summarize(Counter(str(row.state) for row in rows), out)
    width = max(len(shown(written.path)) for written in exports)
    for written in exports:
        typer.echo(f"  {shown(written.path):{width}}  {written.what}")
    if stopped:
        typer.echo("Stopped by Ctrl-C. What is recorded stays; the same call goes on with the rest.")
    raise typer.Exit(1 if stopped else 0)


def named(course: Course, exercises: str | None) -> Sequence[Exercise]:
    """The exercises in a list of names, in the order of the course; all of them where there is no list.

    Raises:
        CallError: the list is empty.
        CourseError: there is no such exercise.
    """
    if exercises is None:
        return course.exercises
    names = [name.strip() for name in exercises.split(",") if name.strip()]
    if not names:
        raise CallError(f"--exercises {exercises!r} names none: write them as 3,4,5.")
    chosen = {course.select(name) for name in names}
    return [exercise for exercise in course.exercises if exercise in chosen]


def _cores() -> int:
    """How many cores this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise CallError(f"--out {str(out)!r} cannot be made ({cause.strerror}): name another folder.") from cause


def _seed(file: Path | None, out: Path) -> str:
    """Give 64 hexadecimal digits that nobody can guess: of the file's content, or of one that is made and kept."""
    kept = out / SEED_FILE
    try:
        if file is None and not kept.exists():
            _make_seed(kept)
        content = (file or kept).read_bytes().strip()
    except OSError as cause:
        raise CallError(f"The secret seed {shown(file or kept)} cannot be read ({cause.strerror}).") from cause
    if not content:
        raise CallError(f"The secret seed {shown(file or kept)} is empty: write a line into it that nobody can guess.")
    return hashlib.sha256(content).hexdigest()


def _make_seed(kept: Path) -> None:
    """Make a seed that is there whole or not at all, and is nobody else's to read."""
    new = kept.with_name(f"{SEED_FILE}-{secrets.token_hex(4)}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(new, kept)
        new.unlink()
    except FileExistsError:  # another run was first: its seed counts for both
        new.unlink()
    except OSError:  # no links on this disk
        new.replace(kept)


@contextmanager
def _machines(address: str | None, tls: tuple[Path | None, Path | None, Path | None]) -> Generator[Machines | None]:
    """The workers of a cluster, where one is named."""
    files = [file for file in tls if file is not None]
    if files and (address is None or len(files) != len(tls)):
        raise CallError("--tls-ca, --tls-cert and --tls-key go together, with --cluster tls://...: name all three.")
    if address is None:
        yield None
        return
    from checker.grading import cluster

    if cluster.needs_tls(address):
        typer.echo(f"{address} is not encrypted: whoever can reach it can run code there, and change grades.", err=True)
    with ExitStack() as stack:
        try:
            machines = stack.enter_context(cluster.connected(address, cluster.Tls(*files) if files else None))
        except cluster.NoCluster as error:
            raise CallError(f"{error}.") from error
        yield machines


def _fence(wanted: Sandbox, course: Course, chosen: Sequence[Exercise], machines: Machines | None) -> Survey:
    """What students' code will be able to do, tried before any of it runs, and on every machine where it will."""
    from checker.probing import survey

    if machines is not None:
        from checker.grading.cluster import NoCluster
        from checker.grading.unit import course_version

        versions = {exercise.name: course_version(exercise) for exercise in chosen}
        try:
            found = machines.survey(course.root, versions, enclosed=wanted != Sandbox.none)
        except NoCluster as error:
            raise CallError(f"--cluster: {error}.") from error
    elif wanted != Sandbox.none:
        found = survey.take(enclosed=True, answers=chosen[0].solution)
    else:
        found = survey.untried("not tried: --sandbox none")
    if wanted == Sandbox.none:
        return found
    left = ", ".join(finding.danger for finding in found.open)
    if wanted == Sandbox.strict and found.missing:
        raise CallError(
            f"--sandbox strict: {found.missing}. `xor-check doctor` shows what is stopped and what is open."
        )
    if wanted == Sandbox.strict and left:
        raise CallError(f"--sandbox strict: students' code could {left}. `xor-check doctor` shows more.")
    if found.missing:
        typer.echo(f"No sandbox: {found.missing}.", err=True)
    if left:
        typer.echo(f"If a student means harm, their code can {left}.", err=True)
    return found


def _out_of_sight(chosen: Sequence[Exercise], out: Path, submissions: Sequence[Path]) -> tuple[str, ...]:
    """The folders of solutions, results and submissions, wherever they are."""
    folders = [exercise.folder.parent for exercise in chosen] + [out]
    folders += [path if path.is_dir() else path.absolute().parent for path in submissions]
    return tuple(dict.fromkeys(str(folder.resolve()) for folder in folders))


def _facts(plan: Plan, fence: Survey) -> dict[str, Any]:
    from checker.grading.unit import versions

    return {
        "versions": {"python": sys.version.split()[0], **versions()},
        "course": plan.versions(),
        "timeout": plan.timeout,
        "sandbox": fence.as_data(),
    }


@contextmanager
def _store(out: Path) -> Generator[Store]:
    from checker.grading.store import Store

    try:
        opened = Store.open(out / STORE)
    except ValueError as error:
        raise CallError(f"{error}.") from error
    with opened:
        yield opened


def _take_in(store: Store, plan: Plan, paths: Sequence[Path], regrade: str | None) -> None:
    from checker.grading.handed_in import Refused
    from checker.grading.submissions import read

    versions = plan.versions()
    functions = {exercise.name: exercise.functions for exercise in plan.exercises}
    store.assign(functions, {exercise.name: place for place, exercise in enumerate(plan.course.exercises)})
    try:
        for one in read(paths, plan.exercises):
            store.hand_in(
                one.student, one.source, one.files,
                among=versions, seed=plan.seed_name, problem=one.problem, reason=one.reason,
            )  # fmt: skip
    except OSError as cause:
        raise CallError(f"{cause.filename} cannot be read ({cause.strerror}): make it readable.") from cause
    except Refused as cause:
        raise CallError(f"{', '.join(map(shown, paths))}: {cause}.") from cause
    if regrade is not None:
        student = None if regrade == "all" else regrade
        if student is not None and student not in {row.student for row in store.rows()}:
            raise CallError(f"--regrade {regrade!r}: nobody of that name has handed in. `all` regrades everybody.")
        store.regrade(student, plan.names)


@contextmanager
def _bar() -> Generator[OnProgress]:
    """A bar with the time that is left, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading", total=None)
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.total)


def _export(store: Store, course: Course, out: Path) -> Sequence[Written]:
    from checker.grading import points
    from checker.grading.export import folder
    from checker.report.destination import DestinationError

    try:
        return folder.write(store, course, points.read(course, store.assignment()), out)
    except DestinationError as error:
        raise CallError(f"{error} The grades are kept in {shown(out / STORE)}.") from error


def _summarize(states: Counter[str], out: Path) -> None:
    total = sum(states.values())
    typer.echo(f"{total} submission{'s' * (total != 1)}")
    for state, count in sorted(states.items(), key=lambda pair: -pair[1]):
        typer.echo(f"  {count:5}  {state}")
    typer.echo(f"Everything is kept in {shown(out / STORE)}.")
