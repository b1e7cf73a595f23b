import os
import socket
import threading
import time
from pathlib import Path

import pytest

from checker.grading import folder
from checker.grading.handed_in import MAX_DEPTH, MAX_ENTRIES, MAX_FILE, Refused, Unreadable

SECRET = b"an answer"

by_descriptor = pytest.mark.skipif(not folder.BY_DESCRIPTOR, reason="this system opens by path")


@pytest.fixture(params=["by descriptor", "by path"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to open: that of Windows everywhere, and the other where it is there."""
    if request.param == "by path":
        monkeypatch.setattr(folder, "BY_DESCRIPTOR", False)
    elif not folder.BY_DESCRIPTOR:
        pytest.skip("this system opens by path")


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    (tmp_path / "secret.py").write_bytes(SECRET)
    (tmp_path / "alice").mkdir()
    return tmp_path / "alice"


def read(path: Path) -> dict[str, bytes]:
    with folder.opened(str(path)) as opened:
        return {file.path: file.read() for file in folder.files(opened)}


@pytest.mark.usefixtures("by")
def test_files_are_given_in_order_with_the_folders_around_them(alice: Path):
    (alice / "src").mkdir()
    (alice / "src" / "exercise2.py").write_bytes(b"2")
    (alice / "exercise1.py").write_bytes(b"1")
    (alice / ".git").mkdir()
    (alice / ".git" / "config").write_bytes(b"")
    assert list(read(alice).items()) == [("exercise1.py", b"1"), ("src/exercise2.py", b"2")]


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize("target", ["../secret.py", "..", "/", "nowhere", "link.py"])
def test_a_link_is_refused_wherever_it_leads(alice: Path, target: str):
    (alice / "link.py").symlink_to(target)
    with pytest.raises(Refused, match="is a link"):
        read(alice)


@pytest.mark.usefixtures("by")
def test_a_pipe_is_refused_and_not_waited_for(alice: Path):
    os.mkfifo(alice / "exercise1.py")
    with pytest.raises(Refused, match="neither a file nor a folder"):
        read(alice)


@pytest.mark.usefixtures("by")
def test_a_socket_is_refused(alice: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(alice)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("exercise1.py")
        with pytest.raises(Refused, match="neither a file nor a folder"):
            read(alice)


@pytest.mark.usefixtures("by")
def test_what_is_too_large_too_deep_or_too_much_is_refused(alice: Path, monkeypatch: pytest.MonkeyPatch):
    (alice / "exercise1.py").write_bytes(b"1" * (MAX_FILE + 1))
    with pytest.raises(Refused, match="larger than 1 MiB"):
        read(alice)
    (alice / "exercise1.py").unlink()
    (alice / "/".join("d" * (MAX_DEPTH + 1))).mkdir(parents=True)
    with pytest.raises(Refused, match="too deep"):
        read(alice)


@pytest.mark.usefixtures("by")
def test_too_many_files_are_refused_in_one_folder_and_in_several(alice: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder, "MAX_ENTRIES", 4)
    for name in "abc":
        (alice / name).mkdir()
        for number in range(2):
            (alice / name / str(number)).write_bytes(b"")
    with pytest.raises(Refused, match="more than 4 files"):
        read(alice)
    for number in range(MAX_ENTRIES):
        (alice / "a" / f"{number}.txt").write_bytes(b"")
    with pytest.raises(Refused, match="in one"):
        read(alice)


@pytest.mark.usefixtures("by")
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unreadable(alice: Path):
    (alice / "exercise1.py").write_bytes(b"1")
    (alice / "exercise1.py").chmod(0)
    with pytest.raises(Unreadable, match="cannot be opened"):
        read(alice)


@by_descriptor
def test_a_file_that_becomes_a_link_while_it_is_read_is_never_followed(alice: Path):
    plain, link, path = alice / "plain", alice / "link", alice / "exercise1.py"
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            plain.write_bytes(b"plain")
            os.replace(plain, path)
            link.symlink_to("../secret.py")
            os.replace(link, path)

    plain.write_bytes(b"plain")
    os.replace(plain, path)
    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen: set[bytes | None] = set()
        last = time.monotonic() + 20.0
        tries = 0
        # How often the two threads meet is the machine's affair: until it was a link and a file, or for long enough.
        while tries < 300 or (len(seen) < 2 and time.monotonic() < last):
            tries += 1
            try:
                with folder.opened(str(alice)) as opened, opened.enter(path.name):
                    seen.add(folder.content(opened, path.name))
            except Refused:
                seen.add(None)
    finally:
        done.set()
        swapping.join()
    assert seen <= {b"plain", b"", None}


@by_descriptor
def test_no_file_stays_open(alice: Path):
    (alice / "exercise1.py").write_bytes(b"1")
    (alice / "trap.py").symlink_to("/")
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(10):
        with pytest.raises(Refused):
            read(alice)
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before
