import io
import re
from collections.abc import Callable

import pytest

from checker.report.terminal import Terminal
from checker.verdict import Failure, Report, Verdict

CODE = "x = torch.tensor([" + ", ".join(["0.125"] * 40) + "])\nrows(x)"

PASSED = Verdict("rows", "passed", "")
TODO = Verdict("columns", "todo", "still to write", hints=1)
FAILED = Verdict(
    "double",
    "failed",
    "double(x) gave 3 and 2 was expected, [bold]literally[/bold], in words that go on for more than one line.",
    failures=(
        Failure("values", "the first law", CODE, "2", "3", "at [0]: 2 against 3", "1.double.values.0.abc"),
        Failure("pure", "the second law", "double(y)", again="1.double.pure.0.abc"),
    ),
    misconception="tripled",
    advice="This is three times as much.",
    traceback="  line 3, in double\n    return 3 * x",
    printed="before \x1b[2Jafter\n",
    hints=2,
)
SLOW = Verdict("slow", "timeout", "slow(x) took more than 10 s")

Show = Callable[..., str]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    def show(
        *verdicts: Verdict,
        columns: int = 80,
        encoding: str = "utf-8",
        after: str | None = "exercise2",
        total: int | None = None,
        **options: bool,
    ) -> str:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        terminal = Terminal(**options)
        terminal.start("exercise1", "exercises/exercise1_shapes.py", [verdict.name for verdict in verdicts])
        for verdict in verdicts:
            terminal.line(verdict)
        report = Report("exercise1", "cpu", 0, verdicts, 1.25, "exercises/exercise1_shapes.py")
        terminal.finish(report, after=after, total=len(verdicts) if total is None else total)
        stream.flush()
        return raw.getvalue().decode(encoding)

    return show


def test_every_function_has_a_line_with_mark_name_and_status(show: Show):
    lines = show(PASSED, TODO, SLOW).splitlines()
    assert lines[:4] == [
        "exercise1  exercises/exercise1_shapes.py",
        "  ✓ rows     passed",
        "  … columns  todo     still to write",
        "  ✗ slow     timeout  slow(x) took more than 10 s",
    ]


def test_marks_are_words_where_the_encoding_lacks_them(show: Show):
    text = show(PASSED, TODO, FAILED, encoding="ascii")
    assert "  ok   rows     passed\n  todo columns  todo     still to write\n  FAIL double" in text


def test_the_first_failure_is_explained_whole(show: Show):
    text = show(PASSED, TODO, FAILED, SLOW)
    for part in (
        "double: values",
        "This is three times as much.",
        CODE,
        "expected: 2",
        "got:      3",
        "at [0]: 2 against 3",
        FAILED.traceback,
        "hint: xor-check hint exercise1 double\nagain: xor-check exercise1 double --replay 1.double.values.0.abc\n",
    ):
        assert part is not None
        assert part in text
    assert "the second law" not in text
    assert text.count("slow(x)") == 1


def test_verbose_explains_every_failure(show: Show):
    text = show(FAILED, SLOW, verbose=True)
    assert "the second law" in text
    assert "again: xor-check exercise1 double --replay 1.double.pure.0.abc\n" in text
    assert text.count("slow(x)") == 2


def test_a_message_that_all_functions_share_is_said_once(show: Show):
    broken = [Verdict(name, "invalid", "no Python\nline 3") for name in ("rows", "columns", "double")]
    text = show(*broken, verbose=True)
    assert text.count("(the same)") == 2
    assert text.count("line 3") == 1
    assert "change exercises/exercise1_shapes.py" in text


def test_code_is_never_wrapped_and_stands_at_the_left(show: Show):
    assert f"\n{CODE}\n" in show(FAILED, columns=60)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_what_is_no_code_fits_the_width(show: Show, columns: int):
    text = show(PASSED, TODO, FAILED, SLOW, columns=columns).replace(CODE, "")
    text = re.sub(r"^again: .*", "", text, flags=re.MULTILINE)
    assert max(map(len, text.splitlines())) <= max(columns, 55)  # commands to paste are not wrapped either


def test_markup_and_escapes_of_students_are_shown_and_not_obeyed(show: Show):
    text = show(FAILED)
    assert "[bold]literally[/bold]" in text
    assert "before \\x1b[2Jafter" in text
    assert "\x1b[2J" not in text


def test_colour_comes_and_goes_without_changing_a_word(show: Show, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored, plain = show(PASSED, TODO, FAILED), show(PASSED, TODO, FAILED, color=False)
    assert "\x1b[" in colored
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_prints_of_a_function_that_was_asked_for_alone_are_shown(show: Show):
    noisy = Verdict("rows", "passed", "", printed="hello\n")
    assert "hello" in show(noisy)
    assert "hello" not in show(noisy, TODO)
    assert "hello" in show(noisy, TODO, verbose=True)


@pytest.mark.parametrize(
    ("verdicts", "after", "total", "step"),
    [
        ([PASSED, TODO, FAILED], "exercise2", 3, "Next: change double, then xor-check exercise1 double"),
        ([PASSED, TODO], "exercise2", 2, "Next: write columns, then xor-check exercise1 columns"),
        ([PASSED], "exercise2", 3, "Next: xor-check exercise1, which checks all 3 functions"),
        ([PASSED], "exercise2", 1, "exercise1 is done. Next: xor-check exercise2"),
        ([PASSED], None, 1, "exercise1 is done, and it is the last one. xor-check shows where you are."),
    ],
)
def test_the_last_line_says_what_to_do_next(
    show: Show, verdicts: list[Verdict], after: str | None, total: int, step: str
):
    assert show(*verdicts, after=after, total=total).splitlines()[-1] == step


def test_the_summary_counts_every_status(show: Show):
    assert "1 of 4 passed, 1 to do, 1 failed, 1 timeout  (1.2 s, cpu)" in show(PASSED, TODO, FAILED, SLOW)
