import os
from pathlib import Path

import pytest

from checker.report.destination import Destination, DestinationError


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path):
    file = tmp_path / "report.xml"
    file.write_text("an older and longer report")
    before = file.open("rb")
    destination = Destination("--junit", file)
    destination.ensure()
    destination.write("new \ud800")
    assert file.read_text() == "new \\ud800"
    assert before.read() == b"an older and longer report"
    before.close()
    assert os.listdir(tmp_path) == ["report.xml"]


def test_a_link_stays_one(tmp_path: Path):
    (tmp_path / "real.xml").write_text("old")
    (tmp_path / "link.xml").symlink_to("real.xml")
    Destination("--junit", tmp_path / "link.xml").write("new")
    assert (tmp_path / "link.xml").is_symlink()
    assert (tmp_path / "real.xml").read_text() == "new"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path):
    Destination("--html", Path(os.devnull)).write("text")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(("name", "told"), [("no/r.xml", "no folder .*no'"), (".", "is a folder")])
def test_a_place_where_nothing_can_be_written_is_told_before(tmp_path: Path, name: str, told: str):
    with pytest.raises(DestinationError, match=f"--html .* {told}|--html .*{told}"):
        Destination("--html", tmp_path / name).ensure()


def test_a_folder_that_goes_away_meanwhile_is_told_as_well(tmp_path: Path):
    with pytest.raises(DestinationError, match="cannot be written"):
        Destination("--html", tmp_path / "gone" / "r.html").write("text")
