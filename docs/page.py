"""One executed lesson as a page: its text, its code with what it gave, its figures as files beside it."""

from __future__ import annotations

import base64
import re
from itertools import groupby
from pathlib import Path
from typing import Any

from checker.lesson import Lesson, is_for

TO_NOTEBOOK = (
    "To run it, and to write in it: [the notebook]({name}.ipynb){{ download }}. "
    "The functions to write are those of `{exercise}`."
)

ANSI = re.compile(r"\x1b\[[0-9;]*m")
MOST_LINES = 5
"""Of an error: some end in a manual."""


def page(lesson: Lesson, executed: Any, folder: Path) -> str:
    """The Markdown of a lesson, which leads to its notebook; its figures are written to the folder.

    What students write is shown as the stub, whatever was run in its place, and the check is left for them to run.

    Args:
        lesson: which one.
        executed: its cells with their outputs, as many as `lesson.cells()` has and in their order.
        folder: where figures go.
    """
    parts: list[str] = []
    for number, (cell, run) in enumerate(zip(lesson.cells().cells, executed, strict=True)):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            if number == 0:
                parts.append(TO_NOTEBOOK.format(name=lesson.name, exercise=lesson.exercise.name))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        if not (is_for(cell, "student") or is_for(cell, "check") or is_for(cell, "given")):
            alt = cell.metadata.get("alt", "")
            parts += _outputs(run.outputs, alt, folder, f"{lesson.name}-{number}")
    return "\n\n".join(parts) + "\n"


def _outputs(outputs: list[Any], alt: str, folder: Path, name: str) -> list[str]:
    shown: list[str] = []
    for is_stream, together in groupby(outputs, lambda output: output.output_type == "stream"):
        if is_stream:  # what was printed, whichever pieces it came in
            shown.append(_text("".join(output.text for output in together)))
        else:
            shown += [text for output in together if (text := _output(output, alt, folder, name))]
    return shown


def _output(output: Any, alt: str, folder: Path, name: str) -> str:
    if output.output_type == "error":
        lines = ANSI.sub("", f"{output.ename}: {output.evalue}").splitlines()
        return _text("\n".join([*lines[:MOST_LINES], *["..."][: len(lines) > MOST_LINES]]))
    if "image/png" in output.data:
        if not alt:
            raise ValueError(f'{name}: a figure without a text that says what it shows. Give its cell alt="...".')
        file = folder / f"{name}.png"
        file.write_bytes(base64.b64decode(output.data["image/png"]))
        size = output.metadata.get("image/png", {})  # that of the figure, whose picture is twice as fine
        return f"![{alt}]({file.name}){{ {' '.join(f'{side}={length}' for side, length in size.items())} }}"
    return _text(output.data["text/plain"]) if "text/plain" in output.data else ""


def _text(text: str) -> str:
    return "```{ .text .output .no-copy }\n" + text.rstrip("\n") + "\n```"
