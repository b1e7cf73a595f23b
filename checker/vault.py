"""Keeps what a student's file must not have, out of its reach as far as Python goes.

What is kept lies in an audit hook, to which nothing refers that Python code could get hold of: neither a closure, nor
a module, nor a frame. The hook hands a thing over only to a function of ours, and only where that was called by code
which is what it says: a function of the library, one of `checks.py`, or the checker. While it is closed it also keeps
the library's files from being read or loaded a second time, those with the answers from being read at all, and the
garbage collector from searching.

This makes it more work to run an answer than to write it. It is no wall: who reads memory past Python finds everything.
And the library's text is public: who copies it by hand has copied from a book, and near copies are pointed out.
"""

from __future__ import annotations

import io
import linecache
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

ASKED_FOR = "checker.vault"
"""The event of `sys.audit` with which a thing is asked for."""
LIBRARY = "xorfunc"
"""The library that holds the course's answers. Who may call is known here function by function."""
SEARCHES = ("gc.get_objects", "gc.get_referents", "gc.get_referrers")


class Vault:
    """What stands behind some names, and who may have it."""

    def __init__(self, trusted: Mapping[str, Any], closed: Iterable[str] = ()) -> None:
        """Make one that is open.

        Args:
            trusted: the names of a module whose functions may have all of it.
            closed: files that nobody may read while it is closed.
        """
        self._answers = set(closed)
        self._trusted = list(_codes(trusted.values(), None))
        self._doors: list[CodeType] = []
        self._kept: dict[str, Any] = {}
        self._files = set[str]()
        self._closed = [False]

    def keep(self, name: str, thing: Any, door: FunctionType) -> None:
        """Keep a thing under its dotted name.

        Args:
            name: the name.
            thing: what it stands for.
            door: the function that may ask for it, in the name of whoever calls it.
        """
        self._kept[name] = thing
        self._doors.append(door.__code__)
        if _library_of(name) == LIBRARY:
            self._files.add(str(sys.modules[thing.__module__].__file__))

    def close(self) -> None:
        """Hand all of it to an audit hook; nothing else has it from now on."""
        self._closed[0] = True
        for file in self._files | self._answers:
            linecache.cache.pop(file, None)  # a traceback may have read it before
        for hook in _hooks(self._kept, self._trusted, self._doors, self._files, self._answers):
            sys.addaudithook(_while(self._closed, hook))
        self._kept, self._trusted = {}, []

    def open(self) -> None:
        """Let everybody have everything again."""
        self._closed[0] = False


def hand_over(name: str, *, audit: Callable[..., None] = sys.audit) -> list[Any]:
    """Give a thing, in a list, to a door that was called by who may have it; an empty list to others."""
    found: list[Any] = []
    audit(ASKED_FOR, name, found)
    return found


def _while(closed: list[bool], hook: Callable[[str, tuple[Any, ...]], None]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook_while_closed(event: str, args: tuple[Any, ...]) -> None:
        if closed[0]:
            hook(event, args)

    return hook_while_closed


def _hooks(
    kept: dict[str, Any], trusted: list[CodeType], doors: list[CodeType], own: set[str], answers: set[str]
) -> Iterator[Callable[[str, tuple[Any, ...]], None]]:
    """Give audit hooks, which look nothing up where a student's file could put something of its own."""
    type_of, is_a, address, names_of, text, data, len_of = type, isinstance, id, vars, str, bytes, len
    code_type, lists, denied, trouble = CodeType, list, PermissionError, (OSError, ValueError, SyntaxError)
    frame_of, modules, state_of, read, compiled = sys._getframe, sys.modules, os.stat, io.open_code, compile  # pyright: ignore[reportPrivateUsage]
    asking, asked_for, searches = hand_over.__code__, ASKED_FOR, SEARCHES
    may_ask, may_have = {id(code) for code in doors}, {id(code) for code in trusted}
    held = (doors, trusted)  # so that no other code gets their addresses
    roots = {name: str(Path(str(modules[name].__file__)).parent) for name in {_library_of(name) for name in kept}}
    roots["checker"] = str(Path(__file__).parent)
    users = {name: _users(name) for name in kept if _library_of(name) == LIBRARY}
    files = own | answers
    files |= {cache_from_source(file) for file in files}
    identities = {(state.st_dev, state.st_ino) for file in files for state in _stated(file)}
    names = {os.path.basename(file) for file in files}
    library = roots.get(LIBRARY)

    def hand(helper: FrameType, name: Any, found: Any) -> None:
        door = helper.f_back
        is_asked_rightly = helper.f_code is asking and type_of(name) is text and type_of(found) is lists
        if not (held and is_asked_rightly and door is not None and address(door.f_code) in may_ask):
            return
        if is_entitled(name, door.f_back):
            found.append(kept[name])

    def is_entitled(name: str, caller: FrameType | None) -> bool:
        if caller is None:
            return False
        code = caller.f_code
        if address(code) in may_have:
            return True
        if name in users:
            return address(code) in users[name]
        module = caller.f_globals.get("__name__")
        if type_of(module) is not text or module not in modules:
            return False
        root = roots.get(module.partition(".")[0])
        is_its_file = root is not None and text.__str__(code.co_filename).startswith(root)
        return is_its_file and names_of(modules[module]) is caller.f_globals

    def is_closed(path: Any) -> bool:
        """Whether a path leads to a file that is not to be read."""
        if is_a(path, data):
            path = b"".join([path]).decode(errors="surrogateescape")
        if not is_a(path, text):
            return False
        path = text.__str__(path)
        if not path.startswith("/") and path.rpartition("/")[2] in names:
            return True  # it may be relative to an open folder
        try:
            state = state_of(path)
        except trouble:
            return False
        return (state.st_dev, state.st_ino) in identities

    def learn(code: CodeType, file: str) -> None:
        """Get to know a part of the library that was not needed before, if it is what it says."""
        try:
            with read(file) as opened:
                genuine = compiled(opened.read(), file, "exec", 0, True) == code
        except trouble:
            return
        if genuine:
            for name, known in users.items():
                note(code, name.rpartition(".")[2], known)

    def note(code: CodeType, attribute: str, known: dict[int, CodeType]) -> None:
        if attribute in code.co_names:
            known[address(code)] = code
        for constant in code.co_consts:
            if type_of(constant) is code_type:
                note(constant, attribute, known)

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        """Refuse; whoever is refused may look at this frame, which has nothing that is kept."""
        if event == "open" and is_closed(args[0]):
            raise denied(13, "the answers, and the library's text, are not to be read while they are asked for")
        if own and event in searches:
            raise denied(13, "memory is not to be searched while the answers of the library are in it")
        if event == "exec" and type_of(args[0]) is code_type and text.__str__(args[0].co_filename) in files:
            raise denied(13, "what holds the answers is not to be loaded while they are asked for")

    def serve(event: str, args: tuple[Any, ...]) -> None:
        """Hand over, and get to know who may have something."""
        if event == asked_for and len_of(args) == 2:
            hand(frame_of(2), *args)  # past the hook around this one
        elif event == "exec" and library is not None and type_of(args[0]) is code_type:
            file = text.__str__(args[0].co_filename)
            if file.startswith(library):
                learn(args[0], file)

    yield serve
    if files:
        yield refuse


def _stated(file: str) -> Iterator[os.stat_result]:
    with suppress(OSError):
        yield os.stat(file)


def _library_of(name: str) -> str:
    return name.partition(".")[0]


def _users(name: str) -> dict[int, CodeType]:
    """Give the code of the library, as far as it is loaded, that mentions the last part of a name."""
    attribute = name.rpartition(".")[2]
    modules = list(_within(sys.modules[LIBRARY]))
    found = _codes((value for module in modules for value in list(vars(module).values())), attribute)
    return {id(code): code for code in found}


def _within(package: ModuleType) -> Iterator[ModuleType]:
    """Give a package and what was imported of it; `sys.modules` names a thousand others, and each costs a page."""
    yield package
    for value in list(vars(package).values()):
        if isinstance(value, ModuleType) and value.__name__.startswith(f"{package.__name__}."):
            yield from _within(value)


def _codes(values: Iterable[Any], mentioned: str | None) -> Iterator[CodeType]:
    """Give the code of functions and of classes' methods, and of what is defined in them."""
    for value in values:
        if isinstance(value, FunctionType):
            yield from _nested(value.__code__, mentioned)
            yield from _codes([getattr(value, "__wrapped__", None)], mentioned)
        elif isinstance(value, type):
            yield from _codes(list(vars(value).values()), mentioned)
        elif isinstance(value, (staticmethod, classmethod)):
            yield from _codes([value.__func__], mentioned)


def _nested(code: CodeType, mentioned: str | None) -> Iterator[CodeType]:
    if mentioned is None or mentioned in code.co_names:
        yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant, mentioned)
