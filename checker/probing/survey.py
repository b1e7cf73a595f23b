"""All probes in a process of their own, and what they found as data.

A survey is taken before strangers' files are graded and kept with the grades; `xor-check doctor` shows one. Where there
is no Linux nothing is tried, and everything counts as open: nothing of ours would stop it there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from checker import bubblewrap
from checker.probing import probes
from checker.probing.probes import Finding

SLOW = 300.0
"""Seconds for all of them: some end at a deadline, and the machine may be busy."""

CONTAINER = """\
docker run --rm -it --cap-add SYS_ADMIN --security-opt seccomp=unconfined \\
    --security-opt apparmor=unconfined --security-opt systempaths=unconfined -v "$PWD":/class -w /class python:3.11 bash
apt-get update && apt-get install -y bubblewrap    # then install this program, and see:
xor-check doctor"""
"""A Linux in which rooms can be made."""


class SurveyFailed(Exception):
    """The probes could not be made."""


@dataclass(frozen=True)
class Survey:
    """What students' code could do here."""

    enclosed: bool
    """Whether it was in a room."""
    missing: str | None
    """Why there is no room, and what to do."""
    findings: tuple[Finding, ...]
    facts: Mapping[str, str]
    """Versions, device and the like, by what they are called."""

    @cached_property
    def open(self) -> list[Finding]:
        """What is not stopped."""
        return [finding for finding in self.findings if not finding.stopped]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Give the survey that was kept as data."""
        findings = tuple(Finding(**finding) for finding in data["findings"])
        return cls(data["enclosed"], data["missing"], findings, data["facts"])

    def as_data(self) -> dict[str, Any]:
        """Give what is kept with the grades."""
        return {**asdict(self), "findings": [asdict(finding) for finding in self.findings]}


def take(*, enclosed: bool, answers: Path) -> Survey:
    """Try everything, where that can be.

    Args:
        enclosed: whether in a room; without one where there can be none.
        answers: the solution of an exercise, which nobody should be able to read.

    Raises:
        SurveyFailed: it could not be tried.
    """
    missing = bubblewrap.missing()
    if sys.platform != "linux":
        return untried(f"not tried: there is no sandbox for {sys.platform}", missing)
    enclosed = enclosed and missing is None
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "checker.probing.survey", json.dumps(enclosed), str(answers)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SLOW,
        check=False,
    )
    try:
        content = json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise SurveyFailed(f"what students' code could do here cannot be tried: {said[0]}") from error
    findings = tuple(Finding(**finding) for finding in content["findings"])
    return Survey(enclosed, missing, findings, content["facts"])


def untried(why: str, missing: str | None = None) -> Survey:
    """Give the survey of a place where everything is open."""
    findings = tuple(Finding(probe.danger, probe.layer, stopped=False, detail=why) for probe in probes.PROBES)
    return Survey(enclosed=False, missing=missing, findings=findings, facts={})


def main(arguments: Sequence[str]) -> None:
    """Take a survey here, and write it to standard output."""
    enclosed, answers = json.loads(arguments[0]), Path(arguments[1])
    os.environ[probes.VARIABLE] = probes.TOKEN  # before any worker is made: do they find it?
    from checker import sandbox  # imports torch

    with sandbox.start(None if enclosed else "fork", enclosed=enclosed, hidden=[str(answers.parent)]) as workers:
        findings = probes.run(workers, answers)
    print(json.dumps({"findings": [asdict(finding) for finding in findings], "facts": _facts()}))


def _facts() -> dict[str, str]:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that PyTorch can use"
    return {"torch": str(torch.__version__), "GPU": device}


if __name__ == "__main__":
    main(sys.argv[1:])
