import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from checker import course, stub
from checker.course import CourseError
from tests.checker import tiny_course

ROOT = Path(__file__).parents[2]


def stub_of(text: str, *checked: str) -> str:
    return stub.stub(dedent(text), checked)


@pytest.mark.parametrize("number", [0, 1])
def test_the_stub_of_the_tiny_course_is_the_one_written_by_hand(tmp_path: Path, number: int):
    exercise = course.find(tiny_course.write_tiny_course(tmp_path)).exercises[number]
    assert stub.stub_of(exercise) == (tiny_course.SHAPES_STUB, tiny_course.SUMS_STUB)[number]


def test_signatures_over_several_lines_and_docstrings_with_examples_stay():
    text = '''
        def f(
            x: int,
            *,
            y: int = 1,  # why
        ) -> int:
            """Give f.

                f = x + y

            >>> f(1)
            2
            """
            # the trick
            return x + y
        '''
    assert stub_of(text, "f") == dedent(text).lstrip().replace(
        "    # the trick\n    return x + y", "    raise NotImplementedError"
    )


def test_a_function_without_a_docstring_keeps_its_signature():
    assert stub_of("def f(x):\n    return x\n", "f") == "def f(x):\n    raise NotImplementedError\n"


def test_a_class_keeps_its_methods_and_loses_their_bodies():
    text = '''
        @dataclass
        class Data(Dataset):
            """All data."""

            size: int

            def __init__(self, size):
                self.size = size

            def _helper(self):
                return 1

            @property
            @cache
            def half(self) -> int:
                """Half of it."""
                return self.size // 2

            def __len__(self) -> int:
                return self.size
        '''
    assert stub_of(text, "Data") == dedent(
        '''\
        @dataclass
        class Data(Dataset):
            """All data."""

            size: int

            def __init__(self, size):
                raise NotImplementedError

            @property
            def half(self) -> int:
                """Half of it."""
                raise NotImplementedError

            def __len__(self) -> int:
                raise NotImplementedError
        '''
    )


def test_decorators_that_are_part_of_the_answer_go():
    assert stub_of('@torch.no_grad()\ndef f():\n    """Doc."""\n    return 1\n', "f").startswith("def f():")


def test_given_names_stay_with_their_comment_and_private_ones_go():
    text = """
        # Named as in the state_dict.
        Params = dict[str, int]
        _SECRET = 3


        def given(p: Params) -> int:
            return len(p)


        def _private() -> int:
            return _SECRET


        def asked(p: Params) -> int:
            return _private()
        """
    assert stub_of(text, "asked") == dedent(
        """\
        # Named as in the state_dict.
        Params = dict[str, int]


        def given(p: Params) -> int:
            return len(p)


        def asked(p: Params) -> int:
            raise NotImplementedError
        """
    )


def test_imports_stay_where_annotations_given_code_or_examples_use_them():
    text = '''
        """Doc."""

        import math
        import os.path
        from collections.abc import Callable, Iterator

        import numpy as np
        import scipy
        import torch
        from torch import Tensor, nn

        from xorfunc import data
        from xorfunc.model import logits

        PATH = os.path.sep


        def f(g: Callable, x: "Tensor") -> np.ndarray:
            """Doc with scipy in its text.

            >>> f(len, torch.zeros(1))
            """
            return math.pi * logits(data, nn, scipy)
        '''
    head, _, _ = stub_of(text, "f").partition("\nPATH")
    assert head == dedent(
        '''\
        """Doc."""

        import os.path
        from collections.abc import Callable

        import numpy as np
        import torch
        from torch import Tensor
        '''
    )


def test_a_given_function_that_needs_a_private_one_is_refused():
    with pytest.raises(CourseError, match="'_half'"):
        stub_of("def _half(x): ...\n\n\ndef given(x):\n    return _half(x)\n")


def test_a_checked_name_that_is_not_defined_is_refused():
    with pytest.raises(CourseError, match="no function or class 'f'"):
        stub_of("f = len\n", "f")


@pytest.mark.parametrize("exercise", course.packaged().exercises, ids=lambda exercise: exercise.name)
def test_stubs_of_the_course_are_clean_and_hold_no_answer(exercise: course.Exercise, tmp_path: Path):
    text = stub.stub_of(exercise)
    assert text == stub.stub_of(exercise)
    assert text.count("raise NotImplementedError") >= len(exercise.functions)
    file = tmp_path / exercise.file.name
    file.write_text(text)
    # An import that only the examples of docstrings use is there for the student, who needs it in every function.
    for command in (["format", "--check"], ["check", "--no-cache", "--extend-ignore", "F401"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), str(file)]
        done = subprocess.run(ruff, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
