"""A bundle for Gradescope: what its autograder is made of, and what that runs for each submission.

The bundle holds the course with its solutions, the package, the versions of everything that it was made with, and two
scripts. Each submission is graded as any other one, in a container of its own, and its results are copied to where
Gradescope looks for them. Where the checker could not grade there are none: that is no mark.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

from checker.course import Course
from checker.grading import points
from checker.grading.export.folder import GRADESCOPE
from checker.grading.store import State

SCRIPTS = ("setup.sh", "run_autograder")
SETTINGS, SEED = "settings.sh", "secret-seed"
GRADER = "xor-grader"
"""The user who runs students' code."""

MARKS = {State.GRADED, State.NOTHING_FOUND, State.REFUSED, State.UNREADABLE}
"""What may be told to a student as the result."""


class BundleError(Exception):
    """The bundle cannot be made; the message says the way out."""


@dataclass(frozen=True)
class Choice:
    """What an instructor says about the bundle."""

    exercises: Sequence[str]
    """Which are graded, by name."""
    timeout: float
    """Seconds for each function."""
    package: str | None
    """A wheel, or what pip calls a requirement; None stands for this very checker."""
    pip: Sequence[str]
    """Further arguments of pip."""


def write(course: Course, choice: Choice, folder: Path) -> Path:
    """Write the bundle into a folder, and give the zip to upload.

    Args:
        course: what is graded, with its solutions.
        choice: how.
        folder: for the bundle; what an earlier one left there is replaced.

    Raises:
        BundleError: the package cannot be made, or the folder holds something else.
        OSError: a file cannot be written.
    """
    bundle = folder / "autograder"
    if bundle.exists():
        if not (bundle / SETTINGS).is_file():
            raise BundleError(f"{str(bundle)!r} holds something that is no bundle: name another folder.")
        shutil.rmtree(bundle)
    bundle.mkdir(parents=True)
    for name in SCRIPTS:
        text = resources.files("checker").joinpath("gradescope_bundle", name).read_text("utf-8")
        (bundle / name).write_text(text, "utf-8", newline="\n")
        (bundle / name).chmod(0o755)
    _copy_course(course, bundle / "course")
    (bundle / "constraints.txt").write_text("".join(f"{pin}\n" for pin in _pins()), "utf-8")
    (bundle / SEED).write_text(secrets.token_hex(32) + "\n", "ascii")
    (bundle / SETTINGS).write_text(_settings(choice, _package(choice.package, bundle)), "utf-8", newline="\n")
    return _zipped(bundle, folder / "autograder.zip")


def _copy_course(course: Course, target: Path) -> None:
    for exercise in course.exercises:
        copy = target / "solutions" / exercise.folder.name
        copy.mkdir(parents=True)
        for file in sorted(exercise.folder.glob("*.py")):
            shutil.copyfile(file, copy / file.name)
    if (course.root / points.FILE).is_file():
        shutil.copyfile(course.root / points.FILE, target / points.FILE)


def _settings(choice: Choice, package: str) -> str:
    settings = {
        "PYTHON": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "PACKAGE": package,
        "PIP_ARGUMENTS": " ".join(choice.pip),
        "GRADER": GRADER,
        "EXERCISES": ",".join(choice.exercises),
        "TIMEOUT": str(choice.timeout),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def _pins() -> Iterator[str]:
    """The versions of all that is installed here, but for the package itself: pip takes of them what it needs."""
    found = {
        re.sub(r"[-_.]+", "-", distribution.name).lower(): distribution.version.partition("+")[0]
        for distribution in metadata.distributions()
        if distribution.name  # a broken one has none
    }
    for name in sorted(found.keys() - {"xorfunc", "pip", "setuptools"}):
        yield f"{name}=={found[name]}"


def _package(wanted: str | None, bundle: Path) -> str:
    """Give what pip installs, seen from the bundle; a wheel is put into it."""
    if wanted is not None and wanted.endswith(".whl"):
        if not Path(wanted).is_file():
            raise BundleError(f"--package {wanted!r} is not there: name a wheel, or a requirement such as xorfunc.")
        shutil.copyfile(wanted, bundle / Path(wanted).name)
        return f"./{Path(wanted).name}"
    if wanted is not None:
        return wanted
    checkout = Path(__file__).parents[2]
    if not (checkout / "pyproject.toml").is_file():
        return f"xorfunc=={metadata.version('xorfunc')}"
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(bundle), str(checkout)]
    made = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    wheels = [wheel.name for wheel in bundle.glob("*.whl")]
    if made.returncode or len(wheels) != 1:
        reason = made.stderr.strip().splitlines()[-1:] or ["pip made none"]
        raise BundleError(f"No wheel can be made of this checkout ({reason[0]}): name one with --package.")
    return f"./{wheels[0]}"


def _zipped(bundle: Path, target: Path) -> Path:
    beside = target.with_name(f".{target.name}")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(bundle.rglob("*")):
            if path.is_file():
                member = zipfile.ZipInfo(path.relative_to(bundle).as_posix())
                member.external_attr = (0o100755 if path.name in SCRIPTS else 0o100644) << 16
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
    beside.replace(target)
    return target


# What the bundle runs


def run(source: Path, submissions: Path, out: Path) -> int:
    """Grade the one submission in a folder, write its `results.json`, and give the exit code.

    Args:
        source: the bundle.
        submissions: the folder that the submission lies in.
        out: the folder for all that comes out.
    """
    settings = _read_settings(source / SETTINGS)
    command = [
        *(sys.executable, "-P", "-c", "from checker.cli import main; main()", "grade", str(submissions)),
        *("--out", str(out), "--course", str(source / "course"), "--exercises", settings["EXERCISES"]),
        *("--timeout", settings["TIMEOUT"], "--secret-seed", str(source / SEED), "--workers", "1"),
    ]
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    found = list((out / GRADESCOPE).glob("*.json"))
    if len(found) != 1:
        print(f"The checker left {len(found)} results, exit code {code}: see above.", file=sys.stderr)
        return 1
    results = json.loads(found[0].read_bytes())
    if results["extra_data"]["state"] not in MARKS:
        print(f"This is no mark: {results['output']}", file=sys.stderr)
        return 1
    found[0].replace(out / "results.json")
    return 0


def _read_settings(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {name: " ".join(shlex.split(value)) for name, _, value in pairs}


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(*map(Path, sys.argv[1:])))
