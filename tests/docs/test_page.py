"""What a page shows of cells that ran, and of a race that was recorded."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest

from tests.checker.test_lesson import LESSON, tiny_lesson

v4 = pytest.importorskip("nbformat.v4", reason="the extra `notebooks` is not installed")

ROOT = Path(__file__).parents[2]


def module(name: str):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


SHAPES = """\
# %% [markdown]
# # Shapes

# %% alt="A line that rises."
draw()

"""


def page(folder: Path, *outputs, head: str = SHAPES) -> str:
    """The page of a lesson whose second cell gave these."""
    each = tiny_lesson(folder, head + LESSON[LESSON.index("# %% [markdown]\n# ## Exercise") :])
    ran = each.cells(solved=True).cells
    ran[1].outputs = list(outputs)
    return module("page").page(each, ran, folder)


def printed(text: str):
    return v4.new_output("stream", name="stdout", text=text)


def block(*lines: str) -> str:
    return "\n".join(["```{ .text .output .no-copy }", *lines, "```"])


def test_what_is_printed_in_pieces_is_one_block(tmp_path: Path):
    assert block("one", "two") in page(tmp_path, printed("one\n"), printed("two\n"))


def test_the_value_of_a_cell_stands_apart_from_what_it_printed(tmp_path: Path):
    value = v4.new_output("execute_result", data={"text/plain": "tensor(1.)"})
    assert f"{block('one')}\n\n{block('tensor(1.)')}" in page(tmp_path, printed("one\n"), value)


def test_of_an_error_the_last_line_is_shown_without_colours(tmp_path: Path):
    error = v4.new_output("error", ename="ValueError", evalue="\x1b[31mno\x1b[0m", traceback=["Traceback"])
    text = page(tmp_path, error)
    assert block("ValueError: no") in text
    assert "Traceback" not in text


def test_a_long_error_is_cut(tmp_path: Path):
    error = v4.new_output("error", ename="ValueError", evalue="\n".join("abcdefgh"), traceback=[])
    assert block("ValueError: a", "b", "c", "d", "e", "...") in page(tmp_path, error)


def picture():
    image = base64.b64encode(b"a picture").decode()
    return v4.new_output(
        "display_data", data={"image/png": image}, metadata={"image/png": {"width": 640, "height": 480}}
    )


def test_a_figure_is_a_file_of_its_size_with_words_for_it(tmp_path: Path):
    assert "![A line that rises.](01-shapes-1.png){ width=640 height=480 }" in page(tmp_path, picture())
    assert (tmp_path / "01-shapes-1.png").read_bytes() == b"a picture"


def test_a_figure_without_words_for_it_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"01-shapes-1: .* alt="):
        page(tmp_path, picture(), head=SHAPES.replace(' alt="A line that rises."', ""))


def test_students_see_the_stub_where_the_solution_ran_and_a_way_to_the_notebook(tmp_path: Path):
    text = page(tmp_path)
    assert '    """Twice as much."""\n    raise NotImplementedError\n```' in text
    assert "_factor" not in text
    assert text.startswith("# Shapes\n\nTo run it, and to write in it: [the notebook](01-shapes.ipynb)")


def test_the_page_of_the_race_has_the_readmes_rows_and_a_figure_of_them(tmp_path: Path):
    results = json.loads((ROOT / "benchmarks" / "race.json").read_text("utf-8"))
    text = module("race").page(results, tmp_path)
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| ") and " aim " in line]
    assert len(rows) > 5
    assert [row for row in rows if row not in text] == []
    assert (tmp_path / "race.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("seconds", "shown"), [(5.5466, "5.55 s"), (0.00075, "750 µs"), (0.25, "250 ms"), (7e-7, "0.7 µs")]
)
def test_times_have_a_unit_that_suits_them(seconds: float, shown: str):
    assert module("race")._with_unit(seconds) == shown
