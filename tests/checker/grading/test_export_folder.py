"""All exports together, in their folder."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checker.course import Course, find
from checker.grading import near_copies, points
from checker.grading.export import folder, pages
from checker.grading.store import Store
from tests.checker.grading.filled_store import FUNCTIONS, HOSTILE, every_state
from tests.checker.test_report_junit import assert_valid
from tests.checker.tiny_course import write_tiny_course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return find(write_tiny_course(tmp_path_factory.mktemp("course")))


@pytest.fixture(scope="module")
def out(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    every_state(out)
    write(course, out)
    return out


def write(course: Course, out: Path) -> list[folder.Written]:
    with Store.open(out / "grades.sqlite") as store:
        return folder.write(store, course, points.read(course, FUNCTIONS), out)


def names(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if "sqlite" not in path.name)


def test_every_submission_has_its_files_and_their_names_are_not_the_students(out: Path):
    for kind in ("students/*.html", "gradescope/*.json"):
        found = [path.stem for path in out.glob(kind)]
        assert len(found) == 9
        assert all(re.fullmatch("[0-9a-f]{16}", stem) for stem in found)
    assert {"grades.csv", "class.html", "near_copies.csv", "junit.xml"} <= set(names(out))


def test_writing_again_gives_the_same_and_removes_what_is_of_nobody(course: Course, out: Path):
    before = {name: (out / name).read_bytes() for name in names(out) if (out / name).is_file()}
    (out / "students" / "0123456789abcdef.html").write_text("old")
    written = write(course, out)
    assert {name: (out / name).read_bytes() for name in names(out) if (out / name).is_file()} == before
    assert all(each.path.exists() for each in written)


class Page(HTMLParser):
    """The elements, attributes and text of a page, whose tags must be closed in their order."""

    EMPTY = ("meta", "br")

    def __init__(self, text: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str):
        assert self.open.pop() == tag

    def handle_data(self, data: str):
        self.text += f"{data} "


def test_pages_are_whole_load_nothing_and_hold_students_text_as_text(out: Path):
    for path in (out / "class.html", *out.glob("students/*.html")):
        page = Page(path.read_text("utf-8"))
        assert not page.tags & {"script", "img", "iframe", "link", "object"}
        assert not [value for name, value in page.attributes if name in ("src", "href") and ":" in (value or "")]
        assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script src='http://x.example/a.js'>" in Page((out / "class.html").read_text("utf-8")).text


def test_the_page_of_the_class_tells_states_marks_mistakes_and_leads_to_every_student(out: Path):
    text = re.sub(r"\s+", " ", Page((out / "class.html").read_text("utf-8")).text).replace(" ,", ",")
    for part in (
        "3 graded, 1 nothing found",
        "Marks known of 6",
        "exercise1 rows 2 of 3 1 error",
        "1 tripled Three.",
        "crashed: 1",
        "None were found.",
    ):
        assert part in text
    links = re.findall(r'href="(students/[^"]+)"', (out / "class.html").read_text("utf-8"))
    assert len(set(links)) == 9
    assert all((out / link).is_file() for link in links)


def test_a_students_page_is_about_nobody_else(out: Path):
    pages = [Page(path.read_text("utf-8")).text for path in out.glob("students/*.html")]
    students = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "calc"]
    for student in students:
        assert sum(student in page for page in pages) == 1
    assert "calc" in HOSTILE


def test_the_class_is_a_valid_junit_document_with_a_suite_a_check_and_an_error_for_what_was_not_graded(out: Path):
    root = ElementTree.parse(out / "junit.xml").getroot()
    assert_valid(root)
    suites = [suite.get("name") for suite in root]
    assert "alice: exercise1" in suites
    assert "bob: exercise1" in suites
    errors = {suite.get("name"): suite.find("testcase/error") for suite in root if suite.get("tests") == "1"}
    grace = errors["grace"]
    assert grace is not None
    assert grace.get("type") == "parked"
    assert (root.get("tests"), root.get("failures")) == ("16", "1")


def test_what_depends_on_no_grade_is_done_before_it_is_written(tmp_path: Path, course: Course):
    every_state(tmp_path)
    near_copies.known.cache_clear()
    near_copies.fingerprints.cache_clear()
    pages._environment.cache_clear()
    with Store.open(tmp_path / "grades.sqlite") as store, folder.prepared(store, course):
        pass
    fingerprints, templates = near_copies.fingerprints.cache_info().misses, set(pages._environment().cache or ())
    assert fingerprints > 4
    assert templates
    write(course, tmp_path)
    assert near_copies.fingerprints.cache_info().misses == fingerprints
    assert set(pages._environment().cache or ()) == templates


def test_near_copies_stand_in_the_table_and_on_the_page_of_the_class_alone(tmp_path: Path, course: Course):
    from checker.course import packaged
    from tests.checker.grading.test_near_copies import honest, renamed

    text = honest("exercise9")["exercise9_c"]
    with Store.open(tmp_path / "grades.sqlite") as store:
        store.assign({"exercise9": ("predict",)}, {"exercise9": 9})
        for student, file in (("=alice", text), ("bob", renamed(text))):
            store.hand_in(student, student, {"exercise9": file.encode()}, among={"exercise9": "v"}, seed="s")
        worth = points.of({}, packaged(), store.assignment())
        folder.write(store, packaged(), worth, tmp_path)
    assert (tmp_path / "near_copies.csv").read_text().split("\n")[1].startswith("exercise9,'=alice,bob,")
    assert "=alice" in Page((tmp_path / "class.html").read_text("utf-8")).text
    assert not [
        page for page in tmp_path.glob("students/*") if {"alice", "bob"} <= set(re.findall(r"\w+", page.read_text()))
    ]
