"""Units graded on other machines, by Dask: bytes go out and JSON comes back, and the store stays here.

    with cluster.connected("tls://scheduler:8786", Tls(ca, cert, key)) as machines:
        machines.survey(...)      # what students' code could do there
        machines.judge(setting)   # as good as a judge of one's own, for `run`

Each thread of a Dask worker keeps judges of its own machine, which are processes and run students' code in a room
there. Whoever can reach a scheduler can run code on its workers, so TLS is asked for wherever it is not this machine.
A worker that dies in the middle costs nothing: Dask gives the unit to another one.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from checker import course
from checker.course import Course, CourseError
from checker.grading import nursery
from checker.grading.judge import Answer, Gone, Judge, Setting
from checker.grading.unit import Order, course_version, patience
from checker.probing.survey import Survey

LOCAL = re.compile(r"local:(\d+)")
CONNECTING = 30.0
"""Seconds to reach the scheduler."""
HERE = re.compile(r"(tcp://)?(127\.|localhost\b|\[::1\])")


class NoCluster(Exception):
    """There is no cluster to grade on; the message says why, and what to do."""


@dataclass(frozen=True)
class Tls:
    """The files of a connection that nobody else can read or enter."""

    ca: Path
    """Who vouches for the scheduler."""
    cert: Path
    key: Path


@contextmanager
def connected(address: str, tls: Tls | None = None) -> Generator[Machines]:
    """Reach a scheduler, or start one with workers on this machine.

    Args:
        address: a scheduler's, or `local:N` for N workers here.
        tls: how to reach it.

    Raises:
        NoCluster: that is not possible.
    """
    try:
        import distributed
        from distributed import Client, LocalCluster, Security
    except ImportError as error:
        raise NoCluster("--cluster needs Dask: python -m pip install 'xorfunc[cluster]'") from error
    security = None
    if tls is not None:
        security = Security(
            tls_ca_file=str(tls.ca), tls_client_cert=str(tls.cert), tls_client_key=str(tls.key), require_encryption=True
        )
    local = LOCAL.fullmatch(address)
    if local is not None and int(local[1]) < 1:
        raise NoCluster(f"--cluster {address!r} starts no worker: say local:2, or more")
    with ExitStack() as stack:
        try:
            if local is not None:
                started = LocalCluster(n_workers=int(local[1]), threads_per_worker=1, dashboard_address="127.0.0.1:0")
                client = stack.enter_context(Client(stack.enter_context(started)))
            else:
                client = stack.enter_context(Client(address, security=security, timeout=CONNECTING))
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise NoCluster(
                f"the scheduler {address!r} cannot be reached ({error or type(error).__name__}): "
                "look at its address, and at the files for its TLS"
            ) from error
        yield Machines(client, distributed.KilledWorker)


def needs_tls(address: str) -> bool:
    """Whether an address leads to another machine, unencrypted.

    >>> needs_tls("tcp://10.0.0.7:8786"), needs_tls("tls://10.0.0.7:8786"), needs_tls("127.0.0.1:8786")
    (True, False, False)
    """
    return not (LOCAL.fullmatch(address) or address.startswith("tls://") or HERE.match(address))


class Machines:
    """The workers of a cluster."""

    def __init__(self, client: Any, killed_worker: type[Exception]) -> None:
        self._client = client
        self._killed_worker = killed_worker

    @property
    def threads(self) -> int:
        """How many units they grade at a time."""
        return sum(self._client.nthreads().values())

    def survey(self, root: Path, versions: Mapping[str, str], *, enclosed: bool) -> Survey:
        """Try on every machine what students' code could do there; what is open on one is open.

        Args:
            root: the course folder.
            versions: by exercise, the version that every machine must have.
            enclosed: whether in a room, where there can be one.

        Raises:
            NoCluster: there is no worker, or one has another course or another program.
        """
        answers: Mapping[str, Any] = self._client.run(_survey, str(root), sorted(versions), enclosed)
        if not answers:
            raise NoCluster("the cluster has no worker: start some with `dask worker ADDRESS`")
        surveys: list[Survey] = []
        for worker, answer in answers.items():
            if answer["problem"] is not None:
                raise NoCluster(f"{worker}: {answer['problem']}")
            differing = [name for name in versions if answer["versions"].get(name) != versions[name]]
            if differing:
                raise NoCluster(
                    f"{worker} has other versions of {', '.join(differing)}, of torch, or of this program: "
                    "install the same everywhere"
                )
            surveys.append(Survey.of(answer["survey"]))
        worst = min(surveys, key=lambda survey: survey.enclosed)
        columns = zip(*(survey.findings for survey in surveys), strict=True)
        findings = tuple(min(column, key=lambda finding: finding.stopped) for column in columns)
        return replace(worst, findings=findings)

    def judge(self, setting: Setting) -> RemoteJudge:
        """Give a judge that is somewhere among them."""
        return RemoteJudge(self._client, self._killed_worker, setting)


class RemoteJudge:
    """The run's side of a judge that is wherever Dask has room."""

    remote = True

    def __init__(self, client: Any, killed_worker: type[Exception], setting: Setting) -> None:
        self._client = client
        self._killed_worker = killed_worker
        self._setting = json.dumps(asdict(replace(setting, scratch="")))
        self._sent: SimpleQueue[Any] = SimpleQueue()
        self._ready = False
        self._future: Any = None
        self._why = ""

    def send(self, order: Order) -> None:
        """Give it an order."""
        self._future = self._client.submit(graded, self._setting, order.pack(), pure=False)
        self._sent.put(self._future)

    def receive(self) -> Any:
        """Give what comes next: that it is ready, at first, and then an answer an order.

        Raises:
            Gone: the cluster is.
        """
        if not self._ready:
            self._ready = True
            return {}
        future = self._sent.get()
        if future is None:
            raise Gone
        try:
            return json.loads(future.result())
        except self._killed_worker as error:
            return asdict(Answer(None, None, f"the workers that graded it ended ({error})"))
        except BaseException as error:  # cancelled, or the connection is lost: of many types, none of ours
            self._why = f" ({str(error) or type(error).__name__})"
            raise Gone from error

    def end(self) -> str:
        """Take back what it is at."""
        if self._future is not None:
            with suppress(Exception):
                self._future.cancel()
        self._sent.put(None)
        return f"the connection to the cluster is lost{self._why}"


# On the machines of the cluster

_idle: dict[str, list[Judge]] = {}
_lock = threading.Lock()


def graded(setting: str, order: bytes) -> bytes:
    """Grade one unit on this machine: the setting of judges and the order in, an answer as JSON out.

    Args:
        setting: a `Setting`, as JSON.
        order: an `Order`, packed.
    """
    try:
        judge = _judge(setting)
        try:
            wanted = Order.unpack(order)
            exercise = _course(Setting(**json.loads(setting)).course).select(wanted.exercise)
            judge.send(wanted)
            if sys.platform != "win32" and not select.select([judge], [], [], patience(exercise, wanted.timeout))[0]:
                return _lost(f"its judge did not answer in time ({judge.end()})")
            answer = judge.answer()
        except Gone:
            return _lost(f"its judge ended ({judge.end(1.0)})")
    except Gone:
        return _answer(Answer(None, f"no judge can be started on {os.uname().nodename}"))
    with _lock:
        _idle.setdefault(setting, []).append(judge)
    return _answer(answer)


def _judge(setting: str) -> Judge:
    with _lock:
        if _idle.get(setting):
            return _idle[setting].pop()
    wanted = Setting(**json.loads(setting))
    found = _course(wanted.course)
    judge = nursery.fresh(replace(wanted, course=str(found.root), scratch=_scratch()))
    judge.receive()  # it is ready
    return judge


def _scratch() -> str:
    from distributed import get_worker

    return tempfile.mkdtemp(dir=get_worker().local_directory)  # which Dask removes


def _course(root: str) -> Course:
    """Give the course of this name, or where there is none here, the one that comes with the program."""
    try:
        return course.find(Path(root))
    except CourseError:
        return course.packaged()


def _survey(root: str, exercises: Sequence[str], enclosed: bool) -> dict[str, Any]:
    from checker.probing import survey

    try:
        found = _course(root)
        chosen = [found.select(name) for name in exercises]
        taken = survey.take(enclosed=True, answers=chosen[0].solution) if enclosed else survey.untried("not tried")
    except (CourseError, survey.SurveyFailed) as error:
        return {"problem": str(error)}
    versions = {exercise.name: course_version(exercise) for exercise in chosen}
    return {"problem": None, "versions": versions, "survey": taken.as_data()}


def _lost(how: str) -> bytes:
    return _answer(Answer(None, None, how))


def _answer(answer: Answer) -> bytes:
    return json.dumps(asdict(answer)).encode()
