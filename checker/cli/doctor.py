"""`xor-check doctor`: what is installed, and what students' code could do here: tried, not looked up."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from checker.cli.call import CallError, CourseOption, course_of
from checker.course import CourseError, packaged

if TYPE_CHECKING:
    from checker.probing.survey import Survey

PACKAGES = ("xorfunc", "torch", "numpy", "hypothesis", "safetensors", "typer", "rich")


def doctor(
    context: typer.Context,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Try it without the sandbox, as a plain check runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    folder: CourseOption = None,
) -> None:
    """Say what is installed, and try what students' code could do here."""
    from checker.probing import survey

    try:
        exercises = course_of(context).exercises
    except CourseError:
        exercises = packaged().exercises
    if not exercises:
        raise CallError("This course has no exercises: name another one with --course DIR.")
    try:
        found = survey.take(enclosed=not no_sandbox, answers=exercises[0].solution)
    except survey.SurveyFailed as error:
        typer.echo(f"xor-check: {error}", err=True)
        raise typer.Exit(3) from error
    if as_json:
        typer.echo(json.dumps({"installed": _installed(found), **found.as_data()}, indent=2))
    else:
        _show(found, tried_without=no_sandbox)
    raise typer.Exit(1 if found.open else 0)


def _installed(found: Survey) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    from checker.sandbox import default_method

    versions: dict[str, str] = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    ways = {"fork": "forked from one process that has imported torch", "spawn": "fresh interpreters"}
    return {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        **versions,
        **found.facts,
        "processors": f"{_processors()}, so `grade` has as many at work; each computes with one thread",
        "workers": ways[default_method()],
    }


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _show(found: Survey, *, tried_without: bool) -> None:
    from checker.probing.survey import CONTAINER
    from checker.report.marks import mark

    installed = _installed(found)
    width = max(map(len, installed))
    for name, what in installed.items():
        typer.echo(f"{name:{width}}  {what}")
    typer.echo()
    if found.enclosed:
        typer.echo("In the sandbox (bubblewrap), where `xor-check grade` runs students' code,")
    elif tried_without:
        typer.echo("Without the sandbox, as `xor-check exercise1` runs it, students' code")
    else:
        typer.echo(f"There is no sandbox: {found.missing}.\n\nWithout it, students' code")
    stopped = [finding for finding in found.findings if finding.stopped]
    if stopped:
        typer.echo("was stopped when it tried to")
    for finding in stopped:
        typer.echo(f"  {mark('passed', sys.stdout)} {finding.danger}")
    if not found.open:
        typer.echo("Each was tried just now, and nothing is open.")
        return
    typer.echo(f"{'and ' if stopped else ''}could, if somebody meant harm,")
    for finding in found.open:
        tried = f" ({finding.detail})" if found.facts else ""
        typer.echo(f"  {mark('failed', sys.stdout)} {finding.danger}{tried}")
    if tried_without or found.enclosed:
        typer.echo("So run only files this way that you would run yourself.")
    else:
        typer.echo("\nFor the files of strangers take a Linux in which there is one, such as this container:\n")
        typer.echo(CONTAINER)
