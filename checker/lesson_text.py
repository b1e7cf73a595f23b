"""The text of lessons for notebooks, which know none of what the site's Markdown adds.

Tabs become headings, notes and warnings become quotations, folded answers `<details>`; links to the API become code,
and links to another lesson lead to its notebook.
"""

from __future__ import annotations

import html
import re
import textwrap

TAB = re.compile(r'=== "(?P<title>.*)"')
NOTE = re.compile(r'!!! (?P<kind>\w+)(?: "(?P<title>.*)")?')
FOLDED = re.compile(r'\?\?\?\+? (?P<kind>\w+)(?: "(?P<title>.*)")?')

BEGINS = re.compile(r'```|=== "|!!! |\?\?\?')

TO_API = re.compile(r"\[(?P<text>[^\]]+)\]\[(?:xorfunc|checker)[\w.]*\]")
TO_LESSON = re.compile(r"\((?P<name>\d\d-\w+)\.md(?P<place>#[\w-]*)?\)")
ELSEWHERE = re.compile(r"\[(?P<text>[^\]]+)\]\((?!https?:|#)[^)]*\.md(?:#[\w-]*)?\)")


def for_notebook(text: str) -> str:
    r"""A Markdown cell of a lesson as a notebook shows it.

    >>> print(for_notebook('=== "torch"\n\n    Adam, as in [lesson 7](07-sgd.md) and [`adam`][xorfunc.optim.adam].'))
    **torch**
    <BLANKLINE>
    Adam, as in [lesson 7](07-sgd.ipynb) and `adam`.
    """
    return _blocks(text)


def _blocks(text: str) -> str:
    done: list[str] = []
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        if line.startswith("```"):  # code, in which nothing is markup
            done.append(line)
            while lines and not lines[0].startswith("```"):
                done.append(lines.pop(0))
            done += lines[:1]
            del lines[:1]
        elif found := TAB.fullmatch(line):
            done += [f"**{found['title']}**", "", _blocks(_taken(lines)), ""]
        elif found := NOTE.fullmatch(line):
            title = found["title"] or found["kind"].capitalize()
            quoted = f"**{title}**\n\n{_blocks(_taken(lines))}".split("\n")
            done += [f"> {each}".rstrip() for each in quoted] + [""]
        elif found := FOLDED.fullmatch(line):
            title = _html(found["title"] or found["kind"].capitalize())
            body = _blocks(_taken(lines))
            done += [f"<details><summary>{title}</summary>", "", body, "", "</details>", ""]
        else:
            words = [line]
            while lines and not BEGINS.match(lines[0]):
                words.append(lines.pop(0))
            done.append(_links("\n".join(words)))
    return "\n".join(done).rstrip("\n")


def _taken(lines: list[str]) -> str:
    """The indented block that follows, taken off the lines and moved to the left."""
    block: list[str] = []
    while lines and (not lines[0].strip() or lines[0].startswith("    ")):
        block.append(lines.pop(0))
    return textwrap.dedent("\n".join(block)).strip("\n")


def _html(title: str) -> str:
    """What a summary can show, in which Markdown is not read: code, and nothing else."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(title, quote=False))


def _links(text: str) -> str:
    text = TO_LESSON.sub(r"(\g<name>.ipynb\g<place>)", TO_API.sub(r"\g<text>", text))
    return ELSEWHERE.sub(r"\g<text>", text)
