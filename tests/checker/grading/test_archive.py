import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from checker.grading import archive
from checker.grading.handed_in import MAX_ENTRIES, MAX_FILE, Refused, Unreadable

Files = Mapping[str, bytes]
Pack = Callable[[Files], bytes]

NAMES = st.from_regex(r"[a-zé ]{1,8}(/[a-z]{1,8}){0,3}\.py", fullmatch=True)


def zipped(files: Files, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def tarred(files: Files) -> bytes:
    return tar([(tarfile.TarInfo(name), content) for name, content in files.items()])


def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for member, content in members:
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def special(kind: bytes, link: str = "") -> bytes:
    member = tarfile.TarInfo("alice/exercise1.py")
    member.type, member.linkname = kind, link
    return tar([(member, b"")])


PACKERS: dict[str, Pack] = {"a.zip": zipped, "a.tar.gz": tarred}
each_kind = pytest.mark.parametrize("name", PACKERS)


def unpacked(name: str, data: bytes) -> dict[str, bytes]:
    return {file.path: file.read() for file in archive.files(name, data)}


@each_kind
@given(files=st.dictionaries(NAMES, st.binary(max_size=200), max_size=5))
def test_what_was_packed_is_read(name: str, files: Files):
    assert unpacked(name, PACKERS[name](files)) == files


@each_kind
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans())
@example(place=35, byte=255, cut=False)  # the content of the zip's first member: a checksum fails when it is read
def test_whatever_is_broken_is_said_in_words(name: str, place: int, byte: int, cut: bool):
    data = bytearray(PACKERS[name]({"exercise1.py": b"print(1)" * 20, "notes/exercise2.py": b"1" * 50}))
    place %= len(data)
    data[place:] = b"" if cut else bytes([byte]) + data[place + 1 :]
    said = ""
    try:
        unpacked(name, bytes(data))
    except (Refused, Unreadable) as problem:
        said = str(problem)
    assert said.isprintable()


@given(data=st.binary(max_size=300))
def test_what_is_no_archive_at_all_is_unreadable(data: bytes):
    for name in ("a.zip", "a.tar.gz", "a.tgz"):
        with pytest.raises(Unreadable):
            unpacked(name, b"no" + data)


@each_kind
@pytest.mark.parametrize(
    "trap",
    ["../exercise1.py", "/exercise1.py", "a/../../exercise1.py", "a\\exercise1.py", "C:exercise1.py", "a//exercise1.py",
     "\x1b[2J.py", "x" * 300 + ".py", "/".join("abcdefghij") + ".py"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name: str, trap: str):
    with pytest.raises(Refused) as refused:
        unpacked(name, PACKERS[name]({"exercise2.py": b"", trap: b"1"}))
    assert str(refused.value).isprintable()


@each_kind
def test_a_dot_and_a_slash_in_front_lead_nowhere(name: str):
    assert unpacked(name, PACKERS[name]({"./exercise1.py": b"1"})) == {"exercise1.py": b"1"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_in_a_tar_are_refused(kind: bytes):
    with pytest.raises(Refused, match="no regular file"):
        unpacked("a.tgz", special(kind, "/etc/passwd"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(kind: int):
    member, buffer = zipfile.ZipInfo("exercise1.py"), io.BytesIO()
    member.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(member, "/etc/passwd")
    with pytest.raises(Refused, match="no regular file"):
        unpacked("a.zip", buffer.getvalue())


def test_folders_are_passed_over():
    folder = tarfile.TarInfo("alice")
    folder.type = tarfile.DIRTYPE
    assert unpacked("a.tgz", tar([(folder, b""), (tarfile.TarInfo("alice/exercise1.py"), b"1")])) == {
        "alice/exercise1.py": b"1"
    }
    assert unpacked("a.zip", zipped({"alice/": b"", "alice/exercise1.py": b"1"})) == {"alice/exercise1.py": b"1"}


@each_kind
def test_a_member_that_unfolds_a_thousandfold_is_refused(name: str):
    with pytest.raises(Refused, match=r"times its size|larger than 1 MiB"):
        unpacked(name, PACKERS[name]({"exercise1.py": b"\0" * (4 * 2**20)}))


def test_a_tar_of_zeros_is_refused_though_nobody_reads_its_members():
    data = tarred({f"{number}.bin": b"\0" * 2**20 for number in range(4)})
    with pytest.raises(Refused, match="times its size"):
        list(archive.files("a.tgz", data))


def test_a_tar_within_a_gzip_within_limits_says_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 2**16)
    monkeypatch.setattr(archive, "MAX_RATIO", 10**6)
    with pytest.raises(Refused, match="unfolds to more than"):
        list(archive.files("a.tgz", tarred({"notes.txt": b"1" * 2**17})))


@each_kind
def test_a_file_may_be_just_so_large(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_RATIO", 10**6)
    assert len(unpacked(name, PACKERS[name]({"exercise1.py": b"1" * MAX_FILE}))["exercise1.py"]) == MAX_FILE
    with pytest.raises(Refused, match="larger than 1 MiB"):
        unpacked(name, PACKERS[name]({"exercise1.py": b"1" * (MAX_FILE + 1)}))


@each_kind
def test_too_many_members_are_refused(name: str):
    with pytest.raises(Refused, match="members"):
        list(archive.files(name, PACKERS[name]({f"{number}.py": b"" for number in range(MAX_ENTRIES + 1)})))


def test_a_list_of_a_million_members_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch):
    data = zipped({f"{number}.py": b"" for number in range(30000)}, zipfile.ZIP_STORED)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it would make an object of each
    with pytest.raises(Refused, match="list of members"):
        list(archive.files("a.zip", data))


def test_an_archive_that_is_large_itself_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE", 100)
    with pytest.raises(Refused, match="hand in the exercises' files alone"):
        list(archive.files("a.zip", b"1" * 101))


def test_members_that_nobody_asks_for_are_not_unpacked_from_a_zip():
    data = bytearray(zipped({"data.bin": b"1" * 100, "exercise1.py": b"print(1)"}))
    data[40] ^= 0xFF  # within the first member
    with pytest.raises(Unreadable):
        unpacked("a.zip", bytes(data))
    wanted = [file.read() for file in archive.files("a.zip", bytes(data)) if file.path == "exercise1.py"]
    assert wanted == [b"print(1)"]


def test_a_name_that_is_there_twice_in_a_zip_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("exercise1.py", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("exercise1.py", b"2")
    with pytest.raises(Refused, match="there twice"):
        unpacked("a.zip", buffer.getvalue())


def test_an_encrypted_zip_says_what_to_do():
    data = bytearray(zipped({"exercise1.py": b"1"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(Unreadable, match="without a password"):
        unpacked("a.zip", bytes(data))


def test_an_unusual_compression_is_unreadable():
    with pytest.raises(Unreadable, match="ordinary zip"):
        unpacked("a.zip", zipped({"exercise1.py": b"1"}, zipfile.ZIP_LZMA))


def test_a_tar_that_is_not_compressed_is_unreadable_under_a_compressed_name():
    with pytest.raises(Unreadable, match="broken archive"):
        unpacked("a.tar.gz", gzip.decompress(tarred({"exercise1.py": b"1"})))
