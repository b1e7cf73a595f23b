"""The judge's side alone, with a thread in the worker's place that may say anything."""

import os
import threading
from collections.abc import Callable
from time import monotonic, sleep

import pytest

from checker import conversation, frames, wire
from checker.conversation import Conversation
from checker.ending import Ending
from checker.job import Lost

Reply = Callable[[int], bytes]


class Stranger:
    """Answers each request with whatever it is given, and prints before it answers."""

    def __init__(self, reply: Reply, prints: bytes = b"") -> None:
        self.pid = 0
        self.reply, self.prints = reply, prints
        requests, self.requests_end = os.pipe()
        self.answers_end, answers = os.pipe()
        self.prints_end, printed = os.pipe()
        self.files = requests, answers, printed
        threading.Thread(target=self._run, daemon=True).start()

    def talk(self) -> Conversation:
        return Conversation(self, requests=self.requests_end, answers=self.answers_end, prints=self.prints_end)

    def end(self, patience: float = 0.0) -> Ending:
        for file in self.files:
            os.close(file)
        return Ending(0, killed=True)

    def _run(self) -> None:
        requests, answers, printed = self.files
        kind, *content = wire.decode(frames.receive(requests))
        if kind == "mark":
            os.write(printed, self.prints + content[0].encode())
        os.write(answers, self.reply(1))


def right(number: int) -> bytes:
    return wire.encode((number, "answer"))


def test_the_answer_with_the_number_of_the_request_is_heard():
    stranger = Stranger(right)
    talk = stranger.talk()
    assert talk.request("hello", deadline=monotonic() + 5) == "answer"
    talk.end()


@pytest.mark.parametrize(("length", "is_remembered"), [(10, True), (conversation.MAX_REMEMBERED, False)])
def test_a_short_answer_that_came_before_is_not_read_again(length: int, is_remembered: bool):
    def answered() -> object:
        talk = Stranger(lambda number: wire.encode((number, ["a" * length]))).talk()
        try:
            return talk.request("hello", deadline=monotonic() + 5)
        finally:
            talk.end()

    first, second = answered(), answered()
    assert first == second == ["a" * length]
    assert (first is second) is is_remembered


@pytest.mark.parametrize(
    "reply",
    [
        lambda number: wire.encode((number + 1, "answer")),
        lambda number: wire.encode("answer"),
        lambda number: wire.encode((number, "answer", "more")),
        lambda number: wire.encode(None),
        lambda number: b"\xff" * 100,
        lambda number: frames.pack(b"rubbish", b""),
    ],
    ids=["number", "text", "length", "none", "lengths", "rubbish"],
)
def test_any_other_answer_ends_the_conversation(reply: Reply):
    talk = Stranger(reply).talk()
    with pytest.raises(Lost, match="wrote to the checker's own channel") as lost:
        talk.request("hello", deadline=monotonic() + 5)
    assert lost.value.status == "crashed"


def test_half_an_answer_is_none():
    talk = Stranger(lambda number: right(number)[:-1]).talk()
    with pytest.raises(Lost) as lost:
        talk.request("hello", deadline=monotonic() + 0.2)
    assert lost.value.status == "timeout"


def test_prints_that_are_read_late_are_waited_for(monkeypatch: pytest.MonkeyPatch):
    read = conversation._Prints._read
    monkeypatch.setattr(conversation._Prints, "_read", lambda self: sleep(0.1) or read(self))
    talk = Stranger(right, b"printed before").talk()
    assert talk.printed == "printed before"
    talk.end()


def test_a_mark_is_found_however_it_is_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conversation._Prints, "_read", lambda self: os.read(self._file, 1))
    talk = Stranger(right, "a few words, some w\N{LATIN SMALL LETTER O WITH DIAERESIS}rds".encode()).talk()
    assert talk.printed == "a few words, some w\N{LATIN SMALL LETTER O WITH DIAERESIS}rds"
    talk.end()
