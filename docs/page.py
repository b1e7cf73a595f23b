"""One executed lesson as a page: its text, its code with what it gave, its figures as files beside it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from checker.lesson import Lesson, is_for

ANSI = re.compile(r"\x1b\[[0-9;]*m")
MOST_LINES = 5
"""Of an error: some end in a manual."""


def page(lesson: Lesson, executed: Any, folder: Path) -> str:
    """The Markdown of a lesson; its figures are written to the folder.

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
            continue
        parts.append(f"```python\n{cell.source}\n```")
        if not (is_for(cell, "student") or is_for(cell, "check") or is_for(cell, "given")):
            alt = cell.metadata.get("alt", "")
            parts += _outputs(run.outputs, alt, folder, f"{lesson.name}-{number}")
    return "\n\n".join(parts) + "\n"


def _outputs(outputs: list[Any], alt: str, folder: Path, name: str) -> list[str]:
    shown: list[str] = []
    for output in outputs:
        if output.output_type == "stream":
            shown.append(_text(output.text))
        elif output.output_type == "error":
            lines = ANSI.sub("", f"{output.ename}: {output.evalue}").splitlines()
            shown.append(_text("\n".join([*lines[:MOST_LINES], *["..."][: len(lines) > MOST_LINES]])))
        elif "image/png" in output.data:
            if not alt:
                raise ValueError(f'{name}: a figure without a text that says what it shows. Give its cell alt="...".')
            file = folder / f"{name}.png"
            file.write_bytes(base64.b64decode(output.data["image/png"]))
            shown.append(f"![{alt}]({file.name})")
        elif "text/plain" in output.data:
            shown.append(_text(output.data["text/plain"]))
    return shown


def _text(text: str) -> str:
    return "```{ .text .output }\n" + text.rstrip("\n") + "\n```"
