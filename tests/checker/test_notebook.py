"""`check` in a notebook: with a stand-in for IPython that ran some cells, and once with a real kernel."""

import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checker import check, notebook, replay
from checker.notebook import NotebookError
from checker.replay import Replay
from checker.verdict import Failure, Report, Verdict
from tests.checker.tiny_course import write_tiny_course

ROOT = Path(__file__).parents[2]


class Notebook:
    """Runs cells as IPython would, and calls `check` as the last of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cells, self.names = [""], dict[str, Any]()
        shell = SimpleNamespace(
            history_manager=SimpleNamespace(input_hist_parsed=self.cells), user_ns=self.names, user_global_ns=self.names
        )
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))

    def run(self, *cells: str) -> None:
        for cell in cells:
            self.cells.append(cell)
            exec(cell, self.names)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    root = write_tiny_course(tmp_path / "tiny")
    monkeypatch.delenv("XOR_COURSE", raising=False)
    monkeypatch.chdir(root)
    return Notebook(monkeypatch)


def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note what the judging process is asked instead of starting it."""
    seen: list[dict[str, Any]] = []

    def ask(request: dict[str, Any]) -> Any:
        seen.append(request)
        raise NotebookError("nobody is asked in this test")

    monkeypatch.setattr(notebook, "_ask", ask)
    return seen


def test_the_functions_of_the_cells_are_judged_and_shown(book: Notebook):
    book.run("import torch", "FIRST = 0", "def rows(x: torch.Tensor):\n    return x.shape[FIRST]")
    book.run("def columns(x):\n    print('hello')\n    return nothing")
    found = check("exercise1")
    assert [verdict.status for verdict in found.report.verdicts] == ["passed", "error", "todo"]
    assert not found.passed
    assert found.report.verdicts[2].message == notebook.NOT_HERE
    assert found.report.verdicts[1].traceback is not None
    assert "cell 4, line 3, in columns\n    return nothing" in found.report.verdicts[1].traceback
    text = repr(found)
    assert "from __main__ import columns" in text
    assert 'then check("exercise1", "columns")' in text
    assert "\x1b" not in text
    html = found._repr_html_()
    assert html.count("<details open>") == 1
    assert "from __main__ import columns" in html


def test_a_token_repeats_a_failure_of_a_notebook(book: Notebook, monkeypatch: pytest.MonkeyPatch):
    token = Replay("2", "total", "agrees", 3, False, 0, replay.said_of("`total` is wrong."), 0, b"").token
    failure = Failure("agrees", "`total` is wrong.", again=token)
    verdict = Verdict("total", "failed", "`total` is wrong.", failures=(failure,))
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(notebook, "_ask", lambda it: seen.append(it) or Report("exercise2", "cpu", 3, (verdict,), 0.1))
    found = check("exercise2", replay=token)
    assert (seen[0]["functions"], seen[0]["replay"]) == (["total"], token)
    assert repr(found).endswith("It fails as it did when the token was made.")
    assert "It fails as it did" in found._repr_html_()
    assert f'again: check("exercise2", "total", replay="{token}")' in repr(found)
    with pytest.raises(NotebookError, match=r"of exercise2, total: check\("):
        check("exercise1", replay=token)
    with pytest.raises(NotebookError, match="five parts"):
        check("exercise2", replay="token")


def test_a_function_whose_text_is_nowhere_is_told_so(book: Notebook, monkeypatch: pytest.MonkeyPatch):
    verdict = Verdict("total", "todo", "still to write")
    monkeypatch.setattr(notebook, "_ask", lambda request: Report("exercise2", "cpu", 0, (verdict,), 0.1))
    exec("def total(x):\n    return x.sum()", book.names)
    assert notebook.NO_TEXT in repr(check(2))
    del book.names["total"]
    assert notebook.NOT_HERE in repr(check(2))


def test_one_function_can_be_asked_alone_by_any_name_of_its_exercise(book: Notebook, monkeypatch: pytest.MonkeyPatch):
    seen = asked(monkeypatch)
    book.run("def total(x):\n    return x.sum()")
    for name in ("exercise2", 2, "sums"):
        with pytest.raises(NotebookError, match="nobody"):
            check(name, "total", seed=3)
    assert [(each["exercise"], each["functions"], each["seed"]) for each in seen] == [("exercise2", ["total"], 3)] * 3


def test_what_came_without_a_definition_is_imported_from_where_it_came(
    book: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    seen = asked(monkeypatch)
    (tmp_path / "mine_for_a_test.py").write_text("def total(x):\n    return 1\n\n\ndef third(x):\n    return x / 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    book.run("from mine_for_a_test import *", "from numpy import *", "def double(x):\n    return third(x) * sqrt(x)")
    with pytest.raises(NotebookError, match="nobody"):
        check(1)
    with pytest.raises(NotebookError, match="nobody"):
        check(2)
    assert "from mine_for_a_test import third as third\n" in seen[0]["text"]
    assert seen[1]["text"].endswith("from mine_for_a_test import total as total")


def test_what_only_looks_like_a_name_of_a_module_is_not_imported_from_it(book: Notebook):
    @functools.wraps(json.dumps)
    def other() -> None: ...

    book.names |= {"other": other, "dumps": json.dumps, "number": 3, "json": json}
    made = {name: notebook._made_again(name, value) for name, value in book.names.items() if name[0] != "_"}
    assert made == {
        "other": "",
        "dumps": "from json import dumps as dumps",
        "number": "",
        "json": "import json as json",
    }


def test_a_name_that_was_deleted_is_not_there(book: Notebook, monkeypatch: pytest.MonkeyPatch):
    seen = asked(monkeypatch)
    book.run("def total(x):\n    return 'deleted'", "del total")
    with pytest.raises(NotebookError, match="nobody"):
        check(2)
    assert "deleted" not in seen[0]["text"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("exercise9",), "exercise1 to exercise2"), (("1", "row"), "did you mean 'rows'"), (("",), "no exercise")],
)
def test_a_wrong_call_is_told_in_a_line(book: Notebook, arguments: tuple[str, ...], told: str):
    with pytest.raises(NotebookError, match=told) as wrong:
        check(*arguments)
    assert wrong.value._render_traceback_() == [f"check: {wrong.value}"]


def test_a_folder_without_a_course_has_the_one_that_comes_with_the_program(
    book: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    seen = asked(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotebookError, match="nobody"):
        check("transforms", "hvp")
    assert seen[0]["course"] == str(ROOT)
    assert "def hvp(" in seen[0]["text"]


def test_a_judging_process_that_fails_is_told_in_a_line(book: Notebook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotebookError, match=r"checker itself failed.*not to blame"):
        check(2)


def test_importing_the_checker_imports_neither_torch_nor_ipython():
    code = "import sys, checker; assert not {'torch', 'IPython', 'jinja2', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_in_a_script_its_file_takes_the_place_of_the_cells(
    book: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delitem(sys.modules, "IPython")
    script = tmp_path / "mine.py"
    script.write_text("def total(x):\n    return x.sum()\n\n\ncheck(2)\n")
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__file__=str(script), total=len))
    seen = asked(monkeypatch)
    with pytest.raises(NotebookError, match="nobody"):
        check(2)
    assert seen[0]["name"] == "mine.py"
    assert seen[0]["text"].endswith("def total(x):\n    return x.sum()")


@pytest.mark.slow
def test_a_real_kernel_shows_the_outcome_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.chdir(write_tiny_course(tmp_path / "tiny"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = ["import torch\ntorch.ones(3).sum()", "%%time\ndef total(x):\n    return x.sum()"]
    cells += ["from checker import check\ncheck('exercise2')", "check('exercise7')"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=120, allow_errors=True, kernel_name="python3").execute()
    (shown,), (wrong,) = book.cells[2].outputs, book.cells[3].outputs
    assert "1 of 1 passed" in shown["data"]["text/plain"]
    assert "<details>" in shown["data"]["text/html"]
    assert wrong["traceback"] == ["check: There is no exercise 'exercise7'. This course has exercise1 to exercise2."]
