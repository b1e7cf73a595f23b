"""Build the site: run every lesson, turn what it gave into pages, and have zensical make HTML of all.

    python docs/build.py

Needs the extra `docs`. The lessons run as readers' notebooks do, from top to bottom in a folder of their own, with the
solutions in the cells that students fill; so what the pages show is real, and a lesson that fails ends the build. The
site lies in `build/site` and fetches nothing from elsewhere: the scripts that set formulas and draw diagrams are copied
in, from the package that carries them.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from checker import course
from checker.cli.notebooks import text_of
from checker.lesson import Lesson, is_for, lessons

try:
    import nbformat
    from jupyter_client import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat import v4
except ImportError as missing:
    raise SystemExit(
        f"The extra `docs` is not installed ({missing}): python -m pip install -c constraints.txt -e '.[docs]'"
    ) from None

from page import page

DOCS = Path(__file__).parent
ROOT = DOCS.parent
SOURCE, SITE = ROOT / "build" / "docs", ROOT / "build" / "site"

CARRIER = "docsforge"
"""A package that holds KaTeX and Mermaid as files; nothing else of it is used."""

ASSETS = {
    "katex/katex.min.js": "templates/assets/katex/katex.min.js",
    "katex/katex.min.css": "templates/assets/katex/katex.min.css",
    "katex/auto-render.min.js": "templates/assets/katex/contrib/auto-render.min.js",
    "katex/fonts": "templates/assets/katex/fonts",
    "katex/LICENSE": "templates/assets/katex/LICENSE",
    "mermaid/mermaid.min.js": "templates/assets/javascripts/mermaid.min.js",
    "mermaid/LICENSE": "templates/assets/javascripts/mermaid.LICENSE",
}

FINE = '\n%config InlineBackend.figure_format = "retina"'
"""Two pixels of a figure for each of a page, as screens have them now."""

PROOF = "assert Out[max(Out)].passed, Out[max(Out)]"
"""After the check: the solutions pass in a notebook, too."""

AT_ONCE = 2
SECONDS_A_CELL = 120

API = (
    "random", "keys", "data", "params", "model", "likelihood", "transforms", "optim", "schedules", "train", "ensemble",
    "evaluate", "checkpoint", "devices", "graph", "landscape",
)  # fmt: skip

PACKAGES = ("compare", "plot")
"""Their pages show what they offer, in whichever of their modules it is written."""


def main() -> None:
    """Build the site, and say how long each lesson took."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(DOCS, SOURCE, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    write_assets(SOURCE / "assets")
    write_api(SOURCE / "api")
    write_contributors(SOURCE)
    write_race(SOURCE)
    draw_boundary(SOURCE / "assets" / "boundary.png")
    write_lessons(SOURCE / "lessons")
    bring_mermaid(SOURCE)
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit("The site is not whole: the warnings above say where.")
    print(f"The site lies in {SITE.relative_to(ROOT)}: open it with python -m http.server -d {SITE.relative_to(ROOT)}")


def write_lessons(folder: Path) -> None:
    """Run all lessons, and write a page of each."""
    folder.mkdir(exist_ok=True)
    found = lessons(course.packaged())
    solved = [text_of(lesson, solved=True) for lesson in found]  # here: Python 3.11 may fail to parse in two threads
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for lesson, (cells, seconds) in zip(found, pool.map(executed, found, solved), strict=True):
            (folder / f"{lesson.name}.md").write_text(page(lesson, cells, folder), "utf-8")
            (folder / f"{lesson.name}.ipynb").write_text(text_of(lesson), "utf-8")
            print(f"{lesson.name}: {len(cells)} cells in {seconds:.1f} s", flush=True)


def executed(lesson: Lesson, solved: str) -> tuple[list[Any], float]:
    """The cells of a lesson's notebook with their outputs, without the opening cell; and the seconds they took.

    Args:
        lesson: which one.
        solved: the text of its notebook with the solutions in it.

    Raises:
        SystemExit: a cell failed that should not, or the solutions did not pass.
    """
    notebook = nbformat.reads(solved, nbformat.NO_CONVERT)
    title, opening, *cells = notebook.cells
    opening.source += FINE
    check = next(place for place, cell in enumerate(cells) if is_for(cell, "check"))
    notebook.cells = [title, opening, *cells[: check + 1], v4.new_code_cell(PROOF), *cells[check + 1 :]]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        kernel = AsyncKernelManager(transport="ipc", ip=f"{folder}/kernel")  # no port that others could listen at
        place = {"metadata": {"path": folder}}
        try:
            NotebookClient(notebook, km=kernel, timeout=SECONDS_A_CELL, resources=place).execute()
        except CellExecutionError as failed:
            raise SystemExit(f"{lesson.file.name} does not run. {failed}") from None
    return [title, *cells], time.perf_counter() - start


def write_assets(folder: Path) -> None:
    """Copy what the pages need to show formulas and diagrams."""
    spec = importlib.util.find_spec(CARRIER)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{CARRIER} is not installed: python -m pip install -c constraints.txt -e '.[docs]'")
    for name, origin in ASSETS.items():
        path, copy = Path(spec.origin).parent / origin, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns("*.ttf", "*.woff"))  # every browser takes woff2
        else:
            shutil.copy(path, copy)


def bring_mermaid(folder: Path) -> None:
    """Load Mermaid, which is large, on those pages alone that have a diagram.

    The theme fetches it from elsewhere where a page has not brought it.
    """
    for file in folder.rglob("*.md"):
        text = file.read_text("utf-8")
        if re.search(r"(?m)^ *```mermaid", text):
            up = "../" * (len(file.relative_to(folder).parts) - 1)
            file.write_text(f'{text}\n<script src="{up}assets/mermaid/mermaid.min.js"></script>\n', "utf-8")


def write_api(folder: Path) -> None:
    """A page for each module and package whose docstrings are worth one."""
    folder.mkdir()
    for name in (*(f"xorfunc.{module}" for module in (*API, *PACKAGES)), "checker.spec"):
        *_, last = name.split(".")
        options: dict[str, Any] = {"heading_level": 1}
        if last in PACKAGES:
            options["members"] = offered(ROOT / "xorfunc" / last / "__init__.py")
        (folder / f"{last}.md").write_text(f"::: {name}\n    options: {json.dumps(options)}\n", "utf-8")


def offered(package: Path) -> list[str]:
    """The functions and classes that a package's `__init__` offers: `from ... import name as name`."""
    imports = (node for node in ast.parse(package.read_text("utf-8")).body if isinstance(node, ast.ImportFrom))
    names = [alias.asname for node in imports for alias in node.names if alias.asname]
    return [name for name in names if not name.isupper()]


def write_contributors(folder: Path) -> None:
    """CONTRIBUTING.md as the guide for contributors, to which other pages' links to that file lead."""
    guide = folder / "guides" / "contributors.md"
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    guide.write_text(re.sub(r"\]\(docs/(?=[\w/-]+\.md)", "](../", text), "utf-8")
    for file in folder.rglob("*.md"):
        outside = os.path.relpath(ROOT / "CONTRIBUTING.md", DOCS / file.relative_to(folder).parent)
        inside = os.path.relpath(guide, file.parent)
        file.write_text(file.read_text("utf-8").replace(f"]({outside}", f"]({inside}"), "utf-8")


def draw_boundary(file: Path) -> None:
    """The picture of the first page: what the course ends in."""
    from xorfunc import data, evaluate, likelihood, model, optim, plot, random, train

    def logits(params: Any, x: Any) -> Any:
        return model.logits(params, x)[..., 0]

    data_key, init_key, fit_key = random.split(random.key(0), 3)
    x, y = data.continuous_xor(data_key, 400, 0.15)
    params, _ = train.fit(
        fit_key,
        lambda params, x, y: likelihood.loss_bce(logits(params, x), y),
        model.init_params(init_key, 2, 4, 1),
        x,
        y,
        optimizer=optim.adam(0.05),
        num_epochs=80,
    )
    low, high = -0.5, 1.5
    grid = evaluate.probability_grid(logits, params, low, high, steps=101)
    plot.decision_boundary(grid, x, y, low=low, high=high).savefig(file, dpi=200)


def write_race(folder: Path) -> None:
    """The recorded race as a page."""
    sys.path.append(str(ROOT))  # last: what is installed goes first
    import race

    from benchmarks.race import RECORD

    (folder / "race.md").write_text(race.page(json.loads(RECORD.read_text("utf-8")), folder), "utf-8")


if __name__ == "__main__":
    main()
