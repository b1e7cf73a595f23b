"""A failure as a token: a line that repeats it exactly, on another machine too.

    3.hvp.agrees.0.0g014d2pf2d02002ndtm0

names the exercise, the function, the law and the seed for people. The last part holds, for the program, the version of
the checks, which situation of the law it was, the choices that make the case (see `choices`), whether it was asked on
a GPU, what was said of it, and a checksum of all five parts. The choices stand for the case itself, made as small as it
could be: what hypothesis would draw, in whatever version, plays no part when it is made again.

What must be equal elsewhere for the same outcome: the exercise's `checks.py`, whose version is compared, its
`solution.py`, and a PyTorch that computes alike.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.verdict import Report

if TYPE_CHECKING:
    from checker.answer_key import AnswerKey
    from checker.draw import Case
    from checker.law import Law

FORM = 1
"""Of the last part; a token of another form is refused."""

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Five bits each; without i, l, o and u, which are taken for others or make words."""

MOST = 4096
"""Bytes of choices: many times what a case of this course takes."""


FIGURES = re.compile(r"""['"]?(?:\w:)?[/\\][^\s'"]*['"]?|-?\d[\w.+-]*""")
"""What differs from run to run, or from machine to machine, where all that matters is the same."""


class ReplayError(Exception):
    """The token does not say what to repeat here; the message says the way out."""


@dataclass(frozen=True)
class Replay:
    """What a token says."""

    exercise: str
    """Its number."""
    function: str
    law: str
    seed: int
    on_gpu: bool
    version: int
    """Of the checks, see `version_of`."""
    said: int
    """Of the message, see `said_of`."""
    situation: int
    """Which one of the law's."""
    choices: bytes

    @property
    def token(self) -> str:
        """The token."""
        short = self.choices.rstrip(b"\0")
        packer = zlib.compressobj(9, wbits=-15)
        packed = packer.compress(short) + packer.flush()
        is_packed = len(packed) < len(short)
        content = bytes([FORM << 2 | self.on_gpu << 1 | is_packed, self.situation])
        content += self.version.to_bytes(3, "big") + self.said.to_bytes(2, "big") + (packed if is_packed else short)
        names = f"{self.exercise}.{self.function}.{self.law}.{self.seed}"
        return f"{names}.{_digits(content + _checksum(names, content))}"


def read(token: str) -> Replay:
    """Give what a token says.

    >>> made = Replay("3", "hvp", "agrees", 0, False, 0x123456, 0x789A, 0, bytes([1, 0, 2, 0, 0]))
    >>> made.token
    '3.hvp.agrees.0.0g014d2pf2d02002ndtm0'
    >>> read(made.token) == Replay("3", "hvp", "agrees", 0, False, 0x123456, 0x789A, 0, bytes([1, 0, 2]))
    True

    Raises:
        ReplayError: it is none, or was changed.
    """
    words = token.strip().split(".")
    if len(words) != 5 or not all(words):
        raise ReplayError(
            f"{token!r} is no token to replay: one has five parts, such as 3.hvp.agrees.0.0g014d2pf2d02002ndtm0, "
            "and stands behind --replay where a failure is reported. Copy it whole."
        )
    *names, last = words
    try:
        content = _bytes(last.lower())
        content, checksum = content[:-3], content[-3:]
        if len(content) < 7 or checksum != _checksum(".".join(names), content):
            raise ValueError
        seed = int(names[3])
    except ValueError:
        raise ReplayError(
            f"{token!r} was changed on its way, since its checksum does not fit: copy it again, whole."
        ) from None
    marks, situation = content[:2]
    if marks >> 2 != FORM:
        raise ReplayError(
            f"{token!r} was made by another version of xor-check: repeat the check there with the same one."
        )
    choices = content[7:]
    if marks & 1:
        choices = zlib.decompressobj(wbits=-15).decompress(choices, MOST)
    version, said = int.from_bytes(content[2:5], "big"), int.from_bytes(content[5:7], "big")
    return Replay(names[0], names[1], names[2], seed, bool(marks & 2), version, said, situation, choices)


def version_of(checks: str) -> int:
    """The version of the text of a `checks.py`, whatever its line ends are."""
    return int.from_bytes(hashlib.sha256("\n".join(checks.splitlines()).encode()).digest()[:3], "big")


def said_of(message: str) -> int:
    """What is kept of a message, to see whether another one is the same but for places on a disk and figures."""
    words = FIGURES.sub("", message)
    return zlib.crc32(words.encode("utf-8", "surrogatepass")) & 0xFFFF


def outcome(wanted: Replay, report: Report) -> str:
    """Say what became of the failure."""
    verdict = report.verdicts[0]
    if verdict.passed:
        told = "The call of the token passes now. Without the token, all others are asked, too."
    elif not verdict.failures:
        told = "The call of the token could not be asked."
    elif said_of(verdict.failures[0].message) == wanted.said:
        told = "It fails as it did when the token was made."
    else:
        told = "It fails, but otherwise than it did when the token was made."
    if wanted.on_gpu and report.device == "cpu":
        told += " That was on a GPU, and this is the CPU."
    return told


def changed(wanted: Replay, checks: str) -> str | None:
    """Say so where the checks are not those that the token was made with.

    Args:
        wanted: what the token says.
        checks: the text of the `checks.py` here.
    """
    if wanted.version == version_of(checks):
        return None
    return (
        "The token was made with another version of this exercise's checks: "
        "the call may be another one here, or be judged otherwise."
    )


def of(key: AnswerKey, function: str, law: Law, case: Case, message: str, *, seed: int, device: str) -> str | None:
    """The token of a failure; None for a case that was not drawn.

    Args:
        key: of the exercise.
        function: which one failed.
        law: what does not hold.
        case: for which inputs.
        message: what was said of it.
        seed: of the check.
        device: where the function was asked.
    """
    from checker.draw import Drawn  # imports hypothesis

    if not isinstance(case, Drawn):
        return None
    alike = [replace(situation, count=0) for situation in law.situations]
    return Replay(
        key.folder.name.removeprefix("exercise").partition("_")[0],
        function,
        law.name,
        seed,
        device != "cpu",
        version_of(key.checks_source),
        said_of(message),
        alike.index(replace(case.situation, count=0)),
        case.choices,
    ).token


def narrowed(key: AnswerKey, wanted: Replay) -> AnswerKey:
    """The answer key that asks nothing but the case of a token.

    Raises:
        ReplayError: these checks have no such case.
    """
    from checker.choices import ChoicesError  # imports hypothesis
    from checker.draw import Case, again

    told = f"The token is of a case of {wanted.function}, {wanted.law}, that"
    way_out = "It was made with other checks: repeat it with the same version of the course."
    check = key.checks.get(wanted.function)
    law = next((law for law in check.laws if law.name == wanted.law), None) if check else None
    if check is None or law is None or wanted.situation >= len(law.situations):
        raise ReplayError(f"{told} the checks here do not have. {way_out}")
    situation = law.situations[wanted.situation]
    try:
        case = again(check, situation, key.functions, wanted.choices)
    except ChoicesError as cause:
        raise ReplayError(f"{told} cannot be drawn here ({cause}). {way_out}") from cause
    # All its situations stay, so that the token of the same failure is the same; the others have no cases.
    cases = {(check.name, replace(each, count=0), wanted.seed, 0): list[Case]() for each in law.situations}
    cases[check.name, replace(situation, count=0), wanted.seed, 0] = [case]
    return key.with_cases({**key.checks, check.name: replace(check, laws=(law,))}, cases)


def _checksum(names: str, content: bytes) -> bytes:
    return zlib.crc32(names.encode() + b"\0" + content).to_bytes(4, "big")[:3]


def _digits(content: bytes) -> str:
    bits = 8 * len(content)
    number = int.from_bytes(content, "big") << -bits % 5
    return "".join(DIGITS[number >> shift & 31] for shift in range(bits + -bits % 5 - 5, -1, -5))


def _bytes(digits: str) -> bytes:
    number = 0
    for digit in digits:
        number = number << 5 | DIGITS.index(digit)
    spare = 5 * len(digits) % 8
    if spare > 4 or number & ((1 << spare) - 1):
        raise ValueError(digits)
    return (number >> spare).to_bytes(5 * len(digits) // 8, "big")
