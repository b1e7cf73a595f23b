"""Saves of every kind, on real files."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from checker import saves
from checker.saves import Watcher

PATIENCE = 30.0


class Told:
    """What a watcher told."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[list[Path]] = SimpleQueue()

    def next(self) -> list[str]:
        return [file.name for file in self.queue.get(timeout=PATIENCE)]

    def rest(self, seconds: float = 0.3) -> list[list[Path]]:
        time.sleep(seconds)
        found: list[list[Path]] = []
        while True:
            try:
                found.append(self.queue.get_nowait())
            except Empty:
                return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exercises"
    folder.mkdir()
    for name in ("a.py", "b.py"):
        (folder / name).write_text("old")
    return folder


@pytest.fixture
def told(folder: Path) -> Iterator[Told]:
    told = Told()
    with Watcher([folder / "a.py", folder / "b.py"], told.queue.put):
        time.sleep(0.1)
        yield told


def write(file: Path) -> None:
    file.write_text("new text")


def write_beside_and_rename(file: Path) -> None:
    file.with_name(".swap").write_text("new text")
    os.replace(file.with_name(".swap"), file)


def rename_and_write(file: Path) -> None:
    file.rename(file.with_name("a.py~"))
    file.write_text("new text")


def in_two_halves(file: Path) -> None:
    with file.open("w") as out:
        time.sleep(0.1)
        out.write("new text")


@pytest.mark.parametrize("save", [write, write_beside_and_rename, rename_and_write, in_two_halves])
def test_a_save_of_any_kind_is_told_once_and_when_the_text_is_there(
    folder: Path, told: Told, save: Callable[[Path], None]
):
    save(folder / "a.py")
    assert told.next() == ["a.py"]
    assert (folder / "a.py").read_text() == "new text"
    assert told.rest() == []


def test_a_save_of_equal_length_is_a_save(folder: Path, told: Told):
    (folder / "a.py").write_text("new")
    assert told.next() == ["a.py"]


def test_other_files_of_the_folder_are_nobody_s_business(folder: Path, told: Told):
    (folder / "c.py").write_text("")
    (folder / "__pycache__").mkdir()
    (folder / "a.py").read_text()
    assert told.rest() == []


def test_files_that_are_saved_together_are_told_together(folder: Path, told: Told):
    write(folder / "a.py")
    write(folder / "b.py")
    assert told.next() == ["a.py", "b.py"]


def test_a_deleted_file_is_told_and_so_is_its_return(folder: Path, told: Told):
    (folder / "a.py").unlink()
    assert told.next() == ["a.py"]
    write(folder / "a.py")
    assert told.next() == ["a.py"]


def test_a_folder_that_is_taken_away_and_brought_back_is_watched_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(saves, "LOOK_MS", 50)
    told = Told()
    with Watcher([folder / "a.py", folder / "b.py"], told.queue.put):
        folder.rename(folder.with_name("elsewhere"))
        assert told.next() == ["a.py", "b.py"]
        folder.with_name("elsewhere").rename(folder)
        assert told.next() == ["a.py", "b.py"]
        write(folder / "b.py")
        assert told.next() == ["b.py"]


def test_a_folder_that_another_one_replaces_has_its_events_heard(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import watchfiles

    watched: list[int] = []
    listen = watchfiles.watch

    def noted(*folders: Path, **options: Any) -> Iterator[object]:
        watched.append(folder.stat().st_ino)
        return listen(*folders, **options)

    monkeypatch.setattr(watchfiles, "watch", noted)
    told = Told()
    with Watcher([folder / "a.py"], told.queue.put):
        while not watched:
            time.sleep(0.01)
        folder.rename(folder.with_name("before"))
        folder.mkdir()
        (folder / "a.py").write_text("new text")
        assert told.next() == ["a.py"]
        deadline = time.monotonic() + PATIENCE
        while watched[-1] != folder.stat().st_ino:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_where_no_events_come_a_look_now_and_then_finds_what_was_saved(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import watchfiles

    def silent(*folders: Path, rust_timeout: int, stop_event: threading.Event, **options: object) -> Iterator[set[str]]:
        while not stop_event.wait(rust_timeout / 1000):
            yield set()

    monkeypatch.setattr(watchfiles, "watch", silent)
    monkeypatch.setattr(saves, "LOOK_MS", 50)
    told = Told()
    with Watcher([folder / "a.py"], told.queue.put):
        write(folder / "a.py")
        assert told.next() == ["a.py"]


def test_a_system_without_further_watches_to_give_is_looked_at_instead(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import watchfiles

    def refuse(*folders: Path, **options: object) -> Iterator[set[str]]:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    monkeypatch.setattr(saves, "LOOK_MS", 50)
    told = Told()
    with Watcher([folder / "a.py"], told.queue.put):
        write(folder / "a.py")
        assert told.next() == ["a.py"]
