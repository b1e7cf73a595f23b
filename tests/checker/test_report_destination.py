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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path):
    # A pipe of its own, never a device of the system: were the code wrong, the test would replace that.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    Destination("--html", pipe).write("text")
    assert pipe.is_fifo()
    assert os.read(reader, 100) == b"text"
    os.close(reader)


@pytest.mark.parametrize(("name", "told"), [("no/r.xml", "no folder .*no'"), (".", "is a folder")])
def test_a_place_where_nothing_can_be_written_is_told_before(tmp_path: Path, name: str, told: str):
    with pytest.raises(DestinationError, match=f"--html .* {told}|--html .*{told}"):
        Destination("--html", tmp_path / name).ensure()


def test_a_folder_that_goes_away_meanwhile_is_told_as_well(tmp_path: Path):
    with pytest.raises(DestinationError, match="cannot be written"):
        Destination("--html", tmp_path / "gone" / "r.html").write("text")
