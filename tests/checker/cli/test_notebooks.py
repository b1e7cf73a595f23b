import json
import sys
from pathlib import Path

import pytest

from checker import course
from checker.cli.notebooks import OPENING
from checker.lesson import lessons
from tests.checker.cli.conftest import XorCheck

nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from checker.cli.notebooks import notebooks

    folder = tmp_path_factory.mktemp("written") / "new" / "notebooks"
    notebooks(folder)
    return folder


def test_every_lesson_becomes_a_valid_notebook(written: Path):
    assert [file.stem for file in sorted(written.iterdir())] == [each.name for each in lessons(course.packaged())]
    for file in written.iterdir():
        nbformat.validate(nbformat.read(file, nbformat.NO_CONVERT))


def test_the_first_code_installs_what_is_missing(written: Path):
    for file in written.iterdir():
        title, opening, *_ = nbformat.read(file, nbformat.NO_CONVERT).cells
        assert title.source.startswith("# ")
        assert opening.source == OPENING


def test_links_between_lessons_lead_to_notebooks_that_are_there(written: Path):
    for file in written.iterdir():
        text = "\n".join(cell.source for cell in nbformat.read(file, nbformat.NO_CONVERT).cells)
        targets = {part.split(")")[0].split("#")[0] for part in text.split("](")[1:]}
        missing = {
            target for target in targets if target.endswith((".ipynb", ".md")) and not (written / target).exists()
        }
        assert not missing, file.name


def test_running_all_cells_as_they_are_defines_every_stub(written: Path):
    """A stub raises when it is called, and not before."""
    for each in lessons(course.packaged()):
        cells = json.loads((written / f"{each.name}.ipynb").read_text("utf-8"))["cells"]
        names: dict[str, object] = {"__name__": each.name}
        for cell in cells:
            if {"given", "student"} & set(cell["metadata"].get("tags", [])):
                exec("".join(cell["source"]), names)
        assert set(each.exercise.functions) <= set(names)


def test_the_same_notebook_is_written_each_time(written: Path):
    from checker.cli.notebooks import text_of

    first, *_ = lessons(course.packaged())
    assert text_of(first) == (written / f"{first.name}.ipynb").read_text("utf-8")


def test_notebooks_that_are_there_are_left_alone(xor_check: XorCheck, tmp_path: Path):
    mine = tmp_path / "03-transforms.ipynb"
    mine.write_text("my answers")
    done = xor_check("notebooks", str(tmp_path))
    assert done.code == 2
    assert "your answers may be in it" in done.err
    assert [file.name for file in tmp_path.iterdir()] == [mine.name]
    assert mine.read_text() == "my answers"


def test_a_folder_that_cannot_be_made_is_named(xor_check: XorCheck, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = xor_check("notebooks", str(tmp_path / "file" / "notebooks"))
    assert done.code == 2
    assert "cannot be written" in done.err


def test_without_jupytext_the_message_says_what_to_install(
    xor_check: XorCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    done = xor_check("notebooks", str(tmp_path / "notebooks"))
    assert done.code == 2
    assert "python -m pip install 'xorfunc[notebooks]'" in done.err
    assert not (tmp_path / "notebooks").exists()
