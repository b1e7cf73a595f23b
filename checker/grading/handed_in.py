"""A file that somebody handed in, wherever it lies: in a folder, in an archive, or loose.

What can be wrong with it is said by two exceptions. `Refused` is for what no honest submission holds or what is too
large: links, devices, names that lead elsewhere. `Unreadable` is for what is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_FILE = 2**20
"""Bytes of one file for one exercise: hundreds of times what a solution takes."""
MAX_ENTRIES = 2000
"""Files and folders in one submission, or submissions in one class."""
MAX_DEPTH = 8
MAX_NAME = 255

LITTER = frozenset(
    [
        *(".ds_store", ".appledouble", ".localized", ".fseventsd", ".spotlight-v100", ".temporaryitems", ".trashes"),
        *("__macosx", "thumbs.db", "desktop.ini"),
        *(".git", ".gitattributes", ".gitignore", ".idea", ".vscode"),
        *(".ipynb_checkpoints", ".venv", "__pycache__"),
    ]
)
"""What systems and editors leave behind, in lower case: nobody hands it in on purpose."""


class Refused(Exception):
    """A submission that is not looked into any further; the message says why, for whoever grades."""


class Unreadable(Exception):
    """A submission that is broken; the message says how."""


@dataclass(frozen=True)
class HandedIn:
    """One regular file, not read yet."""

    parts: tuple[str, ...]
    """Its folders and its name, from the submission downwards."""
    read: Callable[[], bytes]
    """Gives what is in it; raises `Refused` where that is too much, and `Unreadable`."""

    @property
    def path(self) -> str:
        """The file as messages name it."""
        return "/".join(self.parts)


def is_litter(name: str) -> bool:
    """Whether a file or folder is one that systems and editors leave behind: nobody's submission, and no part of one.

    >>> is_litter(".DS_Store"), is_litter("._alice.zip"), is_litter(".alice.zip"), is_litter("alice")
    (True, True, False, False)
    """
    return name.startswith("._") or name.casefold() in LITTER


def is_out_of_sight(name: str) -> bool:
    """Whether a file or folder is litter, or one that most programs do not show.

    >>> is_out_of_sight(".DS_Store"), is_out_of_sight(".alice.zip"), is_out_of_sight("alice")
    (True, True, False)
    """
    return name.startswith(".") or is_litter(name)


def shown(name: str) -> str:
    r"""A name as one line of plain text, whatever whoever chose it had in mind.

    >>> shown("a\x1b[2J\nb")
    'a\\x1b[2J\\nb'
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def check_name(parts: tuple[str, ...], whole: str) -> None:
    """Refuse names that are more than the names of a file and the folders around it.

    Raises:
        Refused: this one is.
    """
    if len(parts) > MAX_DEPTH:
        raise Refused(f"{shown(whole[:100])!r} lies {len(parts)} folders deep: at most {MAX_DEPTH} are looked into")
    for part in parts:
        plain = part not in ("", ".", "..") and part.isprintable() and not set(part) & set('\\:*?"<>|')
        if not plain or len(part.encode("utf-8", "replace")) > MAX_NAME:
            raise Refused(f"{shown(whole[:100])!r} is no plain name: hand in files whose names lead nowhere else")


def at_most(data: bytes, path: str) -> bytes:
    """Give a file's content, if it is of a size that a solution can have.

    Raises:
        Refused: it is larger.
    """
    if len(data) > MAX_FILE:
        raise Refused(f"{shown(path)!r} is larger than {MAX_FILE // 2**20} MiB: no solution is")
    return data
