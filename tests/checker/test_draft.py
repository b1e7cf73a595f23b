from pathlib import Path

import pytest

from checker import course, draft
from checker.course import Exercise
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    return course.find(write_tiny_course(tmp_path)).exercises[0]


def writing_of(exercise: Exercise, text: str) -> list[str]:
    exercise.file.write_text(text)
    return list(draft.read(exercise).writing.values())


def test_an_untouched_stub_is_all_to_do(exercise: Exercise):
    assert draft.read(exercise).writing == dict.fromkeys(("rows", "columns", "double"), "todo")


@pytest.mark.parametrize(
    "text",
    [
        "def rows(x):\n    return 1",
        "async def rows(x):\n    return 1",
        "rows = len",
        "rows: object = len",
        "rows, other = len, len",
        "from mine import rows",
        "from mine import lines as rows",
        "import rows",
        "if True:\n    def rows(x): ...\nelse:\n    rows = None",
        "try:\n    rows = len\nexcept Exception:\n    raise NotImplementedError",
        "class rows: ...",
        "def rows(x):\n    if x is None:\n        raise NotImplementedError\n    return 1",
        "def rows(x):\n    raise NotImplementedError\ndef rows(x):\n    return 1",
    ],
)
def test_a_function_counts_as_written_however_it_is_defined(exercise: Exercise, text: str):
    assert writing_of(exercise, text) == ["written", "missing", "missing"]


@pytest.mark.parametrize(
    "text",
    [
        'def rows(x):\n    """Rows."""\n    raise NotImplementedError',
        "def rows(x):\n    raise NotImplementedError('later')",
        "def rows(x):\n    n = x.shape\n    raise NotImplementedError()",
        "class rows:\n    def __init__(self): ...\n    def __len__(self):\n        raise NotImplementedError",
    ],
)
def test_a_function_that_ends_as_its_stub_is_to_do(exercise: Exercise, text: str):
    assert writing_of(exercise, text)[0] == "todo"


def test_an_annotation_without_a_value_defines_nothing(exercise: Exercise):
    assert writing_of(exercise, "rows: int")[0] == "missing"


@pytest.mark.parametrize("text", ["def rows(:\n", "rows = '\0'", "(" * 10_000])
def test_a_file_that_is_no_python_is_broken(exercise: Exercise, text: str):
    assert writing_of(exercise, text) == ["broken"] * 3


def test_a_file_that_is_not_there_misses_everything(exercise: Exercise):
    exercise.file.unlink()
    assert set(draft.read(exercise).writing.values()) == {"missing"}


def test_warnings_about_the_students_text_are_kept_from_the_board(exercise: Exercise):
    assert writing_of(exercise, "def rows(x):\n    return '\\d'")[0] == "written"


def test_the_hash_of_a_function_sees_its_own_text_only(exercise: Exercise):
    def hash_of(text: str) -> str:
        exercise.file.write_text(text)
        return draft.read(exercise).hashes["rows"]

    before = hash_of("def rows(x):\n    return 1\n")
    assert hash_of("import torch\n\n\ndef rows(x):   \n    return 1\n\n\nother = 2\n") == before
    assert hash_of("def rows(x):\n    return 2\n") != before
