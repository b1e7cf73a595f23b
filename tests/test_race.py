"""The recorded race and what README says of it."""

import json

import pytest

from benchmarks.race import FIGURES, README, RECORD, as_rows, section, with_section


def recorded():
    return json.loads(RECORD.read_text())


@pytest.mark.skipif(not RECORD.exists(), reason="no race was recorded")
def test_the_readme_says_what_was_recorded():
    assert section(recorded()) in README.read_text()
    assert with_section(README.read_text(), recorded()) == README.read_text()


def results(**medians):
    return {
        "machine": {"cores": "2", "processor": "x", "torch": "1", "jax": "1"},
        "rounds": 1,
        "seconds": {},
        "ratios": {name: {"median": m, "lowest": m, "highest": m} for name, m in medians.items()},
    }


@pytest.mark.parametrize(
    ("name", "median", "said"),
    [
        ("step_jax", 0.5, "aim reached"),
        ("step_jax", 1.0, "held"),
        ("step_jax", 1.3, "missed"),
        ("separate", 500.0, "aim reached"),
        ("separate", 150.0, "held"),
        ("separate", 50.0, "missed"),
    ],
)
def test_a_figure_is_held_against_its_bound(name, median, said):
    ((text, _, _, _, verdict),) = as_rows(results(**{name: median}))
    assert text == FIGURES[name][0]
    assert verdict == said


def test_a_readme_without_a_place_for_the_race_is_not_written_over():
    with pytest.raises(ValueError, match="no section"):
        with_section("# A readme\n", results())


LABELS = {
    "tutorial": "a tutorial's loop",
    "tuned": "a tuned module loop",
    "eager": "`fit`, eager",
    "traced": "`fit`, traced",
    "compiled": "`fit`, compiled",
    "JAX step in a loop": "JAX, `jit` of one step",
    "JAX jit(scan)": "JAX, `jit` of a `scan`",
}


@pytest.mark.parametrize(("name", "label"), LABELS.items())
def test_the_lesson_on_training_shows_the_recorded_times(name, label):
    lesson = (README.parent / "docs" / "lessons" / "08-training.py").read_text("utf-8")
    (line,) = (line for line in lesson.splitlines() if line.startswith(f"# | {label}"))
    assert line.split("|")[2].strip() == f"{1e6 * recorded()['seconds'][f'step, {name}']:.0f}"
