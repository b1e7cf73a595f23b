"""From a student's file to a report: what each kind of file gets, and which signatures are accepted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from checker import course, exam, sandbox
from checker.course import Exercise
from checker.exam import NoDevice
from checker.sandbox import Workers
from checker.verdict import Report, Verdict
from tests.checker.tiny_course import SHAPES_SOLUTION, SHAPES_STUB, write_tiny_course

SOLUTION = '''"""Third exercise: areas."""


def area(width, height):
    """Width times height."""
    return width * height


class Box:
    """A box."""

    def __init__(self, width):
        self.width = width
'''
CHECKS = """
from checker.spec import check, integer


def width_of(answer, width):
    return answer.Box(width).width


check("area", width=integer(1, 9), height=integer(1, 9), hints=["Multiply.", "width * height"])
check("Box", width=integer(1, 9), trial=width_of)
"""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with sandbox.start("fork") as started:
        yield started


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tiny_course(tmp_path_factory.mktemp("course"))
    folder = root / "solutions" / "exercise3_areas"
    folder.mkdir()
    (folder / "solution.py").write_text(SOLUTION)
    (folder / "checks.py").write_text(CHECKS)
    twins = root / "solutions" / "exercise4_twins"
    twins.mkdir()
    (twins / "solution.py").write_text("def left(): return 1\n\n\ndef lefts(): return 2\n")
    (twins / "checks.py").write_text("from checker.spec import check\ncheck('left')\ncheck('lefts')\n")
    bans = root / "solutions" / "exercise5_bans"
    bans.mkdir()
    (bans / "solution.py").write_text("def one(): return 1\n\n\ndef two(): return 2\n\n\ndef three(): return 3\n")
    (bans / "checks.py").write_text(
        "from checker.spec import check\ncheck('one')\n"
        "check('two', off_limits=['math.sqrt'])\ncheck('three', off_limits=['math.sqrt'])\n"
    )
    return root


@pytest.fixture(scope="module")
def shapes(root: Path) -> Exercise:
    return course.find(root).select("1")


@pytest.fixture(scope="module")
def areas(root: Path) -> Exercise:
    return course.find(root).select("3")


class Desk:
    """Writes a student's file and has it checked."""

    def __init__(self, workers: Workers, folder: Path) -> None:
        self.workers, self.file = workers, folder / "mine.py"

    def report(self, exercise: Exercise, source: str | bytes, *names: str, **options: Any) -> Report:
        self.file.write_bytes(source.encode() if isinstance(source, str) else source)
        return exam.check(self.workers, exercise, self.file, names or None, device="cpu", **options)

    def verdict(self, exercise: Exercise, source: str, name: str, **options: Any) -> Verdict:
        (found,) = self.report(exercise, source, name, **options).verdicts
        return found


@pytest.fixture
def desk(workers: Workers, tmp_path: Path) -> Desk:
    return Desk(workers, tmp_path)


# Reports


def test_the_solution_passes_and_the_stub_is_to_do(desk: Desk, shapes: Exercise):
    report = desk.report(shapes, SHAPES_SOLUTION, seed=3)
    assert report.passed
    assert (report.exercise, report.device, report.seed, report.file) == ("exercise1", "cpu", 3, str(desk.file))
    assert [verdict.name for verdict in report.verdicts] == ["rows", "columns", "double"]
    assert report.seconds >= sum(verdict.seconds for verdict in report.verdicts) > 0
    stub = desk.report(shapes, SHAPES_STUB)
    assert [verdict.status for verdict in stub.verdicts] == ["todo"] * 3
    assert [verdict.hints for verdict in stub.verdicts] == [2, 0, 1]


def test_functions_are_checked_in_the_order_asked_for_and_told_as_they_are_known(desk: Desk, shapes: Exercise):
    told: list[str] = []
    report = desk.report(
        shapes, SHAPES_SOLUTION, "double", "rows", on_verdict=lambda verdict: told.append(verdict.name)
    )
    assert [verdict.name for verdict in report.verdicts] == told == ["double", "rows"]


TELLS = "import os\n" + SHAPES_SOLUTION.replace("return ", "print(os.getpid()); return ")


def processes(report: Report) -> list[set[str]]:
    """Give the numbers of the processes that each function of `TELLS` ran in."""
    return [set(verdict.printed.split()) for verdict in report.verdicts]


def test_functions_that_pass_share_a_process(desk: Desk, shapes: Exercise):
    first, second, third = processes(desk.report(shapes, TELLS))
    assert first == second == third
    assert len(first) == 1


def test_what_a_function_does_to_its_process_is_not_held_against_the_next(desk: Desk, shapes: Exercise):
    spoils = SHAPES_SOLUTION.replace("return x.shape[0]", "global _factor; _factor = None; return x.shape[0]")
    assert [verdict.status for verdict in desk.report(shapes, spoils).verdicts] == ["passed"] * 3


def test_a_mistake_after_a_pass_is_explained_as_if_it_were_alone(desk: Desk, shapes: Exercise):
    wrong = TELLS.replace("x.shape[1]", "x.shape[0]")
    report = desk.report(shapes, wrong)
    alone = desk.verdict(shapes, wrong, "columns")
    assert [verdict.status for verdict in report.verdicts] == ["passed", "failed", "passed"]
    assert report.verdicts[1].failures == alone.failures
    first, second, third = processes(report)
    assert second == third != first


def test_a_thread_that_a_function_leaves_ends_with_its_process(desk: Desk, shapes: Exercise):
    thread = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    leaves = TELLS.replace("return x.shape[0]", f"{thread}; return x.shape[0]")
    report = desk.report(shapes, leaves)
    assert report.passed
    first, second, third = processes(report)
    assert first != second == third


def test_functions_of_which_other_names_are_off_limits_share_no_process(desk: Desk, root: Path):
    source = "import os\n" + (root / "solutions" / "exercise5_bans" / "solution.py").read_text()
    report = desk.report(course.find(root).select("5"), source.replace(": return", ": print(os.getpid()); return"))
    first, second, third = processes(report)
    assert first != second == third


def test_a_hang_is_waited_for_once(desk: Desk, shapes: Exercise):
    hangs = SHAPES_SOLUTION.replace("return x.shape[1]", "while True: pass")
    report = desk.report(shapes, hangs, timeout=2.0)
    assert [verdict.status for verdict in report.verdicts] == ["passed", "timeout", "passed"]
    assert report.verdicts[1].seconds < 3.9


HANGS_AFTER_ROWS = """

class Columns:
    @property
    def __signature__(self):
        while asked:
            pass
        raise AttributeError

    def __call__(self, x):
        return x.shape[1]


columns, asked = Columns(), []
"""


def test_what_hangs_on_the_way_to_a_function_takes_no_time_of_the_function(desk: Desk, shapes: Exercise):
    source = SHAPES_SOLUTION.replace("return x.shape[0]", "asked.append(x); return x.shape[0]") + HANGS_AFTER_ROWS
    report = desk.report(shapes, source, timeout=2.0)
    assert [verdict.status for verdict in report.verdicts] == ["passed"] * 3


def test_a_mistake_is_told_with_a_call_that_imports_the_students_file(desk: Desk, shapes: Exercise):
    found = desk.verdict(shapes, SHAPES_SOLUTION.replace("x.shape[0]", "x.shape[1]"), "rows")
    assert (found.status, found.hints) == ("failed", 2)
    assert "from mine import rows\n" in (found.failures[0].counterexample or "")


def test_a_file_in_the_course_folder_is_imported_from_there(workers: Workers, root: Path, shapes: Exercise):
    wrong = root / "exercises" / "exercise1_shapes.py"
    kept = wrong.read_text()
    wrong.write_text(SHAPES_SOLUTION.replace("x.shape[0]", "7"))
    report = exam.check(workers, shapes, wrong, ["rows"], device="cpu")
    wrong.write_text(kept)
    assert "from exercises.exercise1_shapes import rows\n" in (report.verdicts[0].failures[0].counterexample or "")


def test_another_seed_asks_other_questions(desk: Desk, areas: Exercise):
    source = "def area(width, height):\n    print((width, height))\n    return width * height\n"
    first, again, other = (desk.verdict(areas, source, "area", seed=seed).printed for seed in (0, 0, 1))
    assert first == again != other


def test_what_a_function_prints_is_told_with_its_verdict(desk: Desk, areas: Exercise):
    source = "print('imported')\ndef area(width, height):\n    return width * height\nclass Box: pass\n"
    assert [verdict.printed for verdict in desk.report(areas, source).verdicts] == ["imported\n"] * 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("while True: pass", "timeout", "`area` did not finish"),
        ("import os; os._exit(3)", "crashed", "`area` "),
    ],
)
def test_a_function_that_hangs_or_exits_concerns_itself_alone(
    desk: Desk, areas: Exercise, body: str, status: str, words: str
):
    source = SOLUTION.replace("return width * height", body)
    area, box = desk.report(areas, source, timeout=1.5).verdicts
    assert (area.status, box.status) == (status, "passed")
    assert "area(width, height)" in (area.failures[0].counterexample or "")


# Files that cannot be used at all


def shared(report: Report) -> Verdict:
    """Give what all functions of a file have in common: all but their names, times and hints."""
    (status, message), *others = {(verdict.status, verdict.message) for verdict in report.verdicts}
    assert others == []
    assert [verdict.name for verdict in report.verdicts] == ["area", "Box"]
    assert [verdict.hints for verdict in report.verdicts] == [2, 0]
    return Verdict("", status, message, printed=report.verdicts[0].printed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"# \xff\n", "invalid or missing encoding declaration"),
        (b"\n\n# \xff\n", "can't decode byte 0xff"),
        (b"# coding: nonsense\n", "nonsense"),
        ("x = 1".encode("utf-16"), ""),
    ],
)
def test_a_file_that_is_no_text_is_invalid_for_all_functions(desk: Desk, areas: Exercise, data: bytes, words: str):
    found = shared(desk.report(areas, data))
    assert found.status == "invalid"
    assert found.message.startswith("mine.py is no text that Python can read: ")
    assert found.message.endswith(" Save it as UTF-8.")
    assert words in found.message


def test_a_file_in_another_encoding_that_says_so_is_read(desk: Desk, areas: Exercise):
    source = "# coding: latin-1\n# \xe9\n" + SOLUTION
    assert desk.report(areas, source.encode("latin-1")).passed
    assert desk.report(areas, b"\xef\xbb\xbf" + SOLUTION.replace("\n", "\r\n").encode()).passed


def test_a_syntax_error_concerns_all_functions(desk: Desk, areas: Exercise):
    report = desk.report(areas, SOLUTION + "\nx = (1\n")
    found = shared(report)
    assert found.status == "invalid"
    assert found.message.startswith(
        "mine.py is not valid Python: SyntaxError: '(' was never closed (line 15, column 5)"
    )
    assert "x = (1" in (report.verdicts[0].traceback or "")


def test_an_import_that_raises_concerns_all_functions(desk: Desk, areas: Exercise):
    report = desk.report(areas, f"print('begun')\nimport no_such_module\n{SOLUTION}")
    found = shared(report)
    assert (found.status, found.printed) == ("invalid", "begun\n")
    message = "ModuleNotFoundError: No module named 'no_such_module'"
    assert found.message == f"mine.py cannot be imported: {message}"
    assert report.verdicts[1].traceback == f"  line 2, in <module>\n    import no_such_module\n{message}"


@pytest.mark.parametrize(("body", "status"), [("while True: pass", "timeout"), ("import os; os._exit(3)", "crashed")])
def test_an_import_that_hangs_or_exits_concerns_all_functions_and_is_tried_once(
    desk: Desk, areas: Exercise, body: str, status: str
):
    marks = desk.file.with_name("imports")
    begin = f"print('begun', flush=True)\nwith open({str(marks)!r}, 'a') as marks:\n    marks.write('once ')\n"
    report = desk.report(areas, f"{begin}{body}\n{SOLUTION}", timeout=1.0)
    found = shared(report)
    assert (found.status, found.printed) == (status, "begun\n")
    assert found.message.startswith("Importing mine.py ")
    assert marks.read_text() == "once "


# Functions that cannot be asked


def test_a_missing_function_is_told_with_the_name_that_is_near(desk: Desk, areas: Exercise):
    found = desk.verdict(areas, SOLUTION.replace("def area", "def aera"), "area")
    assert (found.status, found.hints) == ("missing", 2)
    assert found.message == "mine.py has no `area`: is `aera` meant to be it? Its name must be as in the stub."
    alone = desk.verdict(areas, "", "area")
    assert alone.message == "mine.py has no `area`. Its name must be as in the stub."


def test_another_function_of_the_exercise_is_not_meant_to_be_it(desk: Desk, root: Path):
    twins = course.find(root).select("4")
    assert "is `left_` meant" in desk.verdict(twins, "def lefts(): return 2\ndef left_(): return 1\n", "left").message
    assert "meant" not in desk.verdict(twins, "def lefts(): return 2\n", "left").message


@pytest.mark.parametrize(
    "definition",
    [
        "def area(width, height): return width * height",
        "def area(a, b): return a * b",
        "def area(width, height, /): return width * height",
        "def area(width, height=2): return width * height",
        "def area(width, height, *, scale=1): return width * height",
        "def area(width, height, depth=1): return width * height * depth",
        "def area(*sides): return sides[0] * sides[1]",
        "def area(width, *rest): return width * rest[0]",
        "def area(*sides, **options): return sides[0] * sides[1]",
        "area = lambda width, height: width * height",
        "import operator\narea = operator.mul",
        "import functools\narea = functools.partial(lambda width, height, scale: width * height, scale=1)",
        "import functools\narea = functools.lru_cache(lambda width, height: width * height)",
        "class Area:\n    def __call__(self, width, height): return width * height\narea = Area()",
    ],
)
def test_a_signature_that_takes_the_call_is_kept(desk: Desk, areas: Exercise, definition: str):
    assert desk.verdict(areas, definition, "area").status == "passed"


@pytest.mark.parametrize(
    ("definition", "given"),
    [
        ("def area(height, width): return width * height", "height, width"),
        ("def area(width): return width", "width"),
        ("def area(): return 1", ""),
        ("def area(width, height, depth): return width * height", "width, height, depth"),
        ("def area(width, *, height): return width * height", "width, height"),
        ("def area(width, height, *, scale): return width * height", "width, height, scale"),
        ("def area(a, b, c, *rest): return a * b", "a, b, c, rest"),
        ("def area(**sides): return 1", "sides"),
    ],
)
def test_a_signature_that_does_not_is_invalid(desk: Desk, areas: Exercise, definition: str, given: str):
    found = desk.verdict(areas, definition, "area")
    assert (found.status, found.hints) == ("invalid", 2)
    assert found.message == f"`area` takes ({given}), and must take (width, height): keep the arguments of the stub."


def test_what_is_no_function_is_invalid(desk: Desk, areas: Exercise):
    found = desk.verdict(areas, "area = 12\n", "area")
    assert (found.status, found.message) == ("invalid", "`area` must be a function, and is an object of type int.")


def test_a_class_must_be_a_class(desk: Desk, areas: Exercise):
    found = desk.verdict(areas, "def Box(width): return None\n", "Box")
    assert (found.status, found.message) == ("invalid", "`Box` must be a class, and is a function.")
    found = desk.verdict(areas, "Box = None\n", "Box")
    assert (found.status, found.message) == ("invalid", "`Box` must be a class, and is a NoneType.")
    found = desk.verdict(areas, "class Box:\n    def __init__(self): pass\n", "Box")
    assert (found.status, found.message) == (
        "invalid", "`Box` takes (), and must take (width): keep the arguments of the stub.",
    )  # fmt: skip
    dataclass = "import dataclasses\n@dataclasses.dataclass\nclass Box:\n    width: int\n"
    assert desk.verdict(areas, dataclass, "Box").status == "passed"


def test_a_class_may_stand_where_a_function_is_asked_for(desk: Desk, areas: Exercise):
    source = "class area(int):\n    def __new__(cls, width, height): return int.__new__(int, width * height)\n"
    assert desk.verdict(areas, source, "area").status == "passed"


# What the caller asks for


def test_a_file_that_is_not_there_is_the_callers_affair(workers: Workers, shapes: Exercise, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        exam.check(workers, shapes, tmp_path / "none.py", device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_a_device_that_is_not_there_is_the_callers_affair_unless_left_open(desk: Desk, areas: Exercise):
    desk.file.write_text(SOLUTION)
    with pytest.raises(NoDevice, match="say --device cpu"):
        exam.check(desk.workers, areas, desk.file, device="cuda")
    assert exam.check(desk.workers, areas, desk.file, device="auto").device == "cpu"
