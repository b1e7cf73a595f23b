"""What the documents for users and contributors show must work as it stands there."""

import re
from pathlib import Path

import pytest

from checker import spec

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", (ROOT / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_readmes_example_of_the_library_trains_xor(capsys: pytest.CaptureFixture[str]):
    (example,) = blocks("README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    accuracy = re.fullmatch(r"tensor\((.+)\)\n", capsys.readouterr().out)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.95


def test_the_guides_example_of_a_check_is_one():
    example = next(block for block in blocks("CONTRIBUTING.md", "python") if block.startswith("from checker.spec"))
    checks, _ = spec.collect(example, "CONTRIBUTING.md")
    assert [law.name for law in checks["matmul"].laws][-1] == "vmaps"
    assert len(checks["matmul"].hints) == 2


def test_the_guide_names_every_word_of_the_vocabulary():
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert [word for word in spec.__all__ if not re.search(rf"\b{word}\b", guide)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str):
    text = (ROOT / document).read_text("utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [target for target in targets if not (ROOT / document).parent.joinpath(target).exists()] == []


def test_the_two_commands_of_the_readme_are_those_that_ci_runs():
    readme, script = (ROOT / "README.md").read_text("utf-8"), (ROOT / ".ci/run").read_text("utf-8")
    assert "python -m pip install -c constraints.txt -e . && xor-check demo" in readme
    assert "python -m pip install -c constraints.txt -e '.[test]' && pytest" in readme
    for words in ("-c constraints.txt -e .\n", "-c constraints.txt -e '.[test]'\n", "xor-check demo", "pytest\n"):
        assert words in script
