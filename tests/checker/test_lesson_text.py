"""The lessons' text for notebooks: nothing of the site's markup is left, and nothing of the words is lost."""

import re
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.lesson_text import for_notebook

WORDS = st.text("abc xyz", min_size=1, max_size=12).map(lambda words: f"w{words.strip()}w")
CODE = WORDS.map(lambda words: f'```python\n=== "{words}"\n!!! {words}\nx["a"][0]\n```')

MARKERS = {"tab": '=== "{}"', "note": '!!! warning "{}"', "folded": '??? question "{}"'}


def block(inner):
    """A tab, a note or a folded answer around other blocks."""
    return st.builds(
        lambda marker, title, body: f"{marker.format(title)}\n\n{indent(body, '    ')}",
        st.sampled_from(sorted(MARKERS.values())),
        WORDS,
        st.lists(inner, min_size=1, max_size=3).map("\n\n".join),
    )


TEXTS = st.lists(st.recursive(WORDS | CODE, block, max_leaves=6), min_size=1, max_size=4).map("\n\n".join)


def without_quotes(text):
    return re.sub(r"(?m)^(?:> ?)+", "", text)


def without_code(text):
    return re.sub(r"(?s)```.*?```", "", text)


@given(TEXTS)
def test_no_word_is_lost_and_code_stays_as_it_is(text):
    told = without_quotes(for_notebook(text))
    assert sorted(re.findall(r"w[^\n\"]*w", told)) == sorted(re.findall(r"w[^\n\"]*w", text))
    code = [re.sub(r"(?m)^ *", "", each) for each in re.findall(r"(?s)```.*?```", text)]
    assert re.findall(r"(?s)```.*?```", told) == code


@given(TEXTS)
def test_no_markup_of_the_site_is_left_outside_code(text):
    assert not re.search(r'(?m)^\s*(=== "|!!! |\?\?\?)', without_code(without_quotes(for_notebook(text))))


@given(TEXTS)
def test_every_folded_answer_is_closed(text):
    told = for_notebook(text)
    assert told.count("<details>") == told.count("</details>") == without_code(text).count("??? ")


@given(st.lists(WORDS, min_size=1).map("\n".join))
def test_plain_text_is_left_alone(text):
    assert for_notebook(text) == text


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[lesson 7](07-sgd.md)", "[lesson 7](07-sgd.ipynb)"),
        ("[momentum](07-sgd.md#momentum)", "[momentum](07-sgd.ipynb#momentum)"),
        ("[`hvp`][xorfunc.transforms.hvp]", "`hvp`"),
        ("[the\nrace](../race.md)", "the\nrace"),
        ("[the guide](../guides/students.md#colab)", "the guide"),
        ("[torch](https://pytorch.org/a.md)", "[torch](https://pytorch.org/a.md)"),
        ("`grads[0][i]` and `x[:2][-1]`", "`grads[0][i]` and `x[:2][-1]`"),
    ],
)
def test_links_lead_to_what_a_notebook_has(link: str, shown: str):
    assert for_notebook(f"See {link}, then go on.") == f"See {shown}, then go on."


def test_a_link_in_code_is_code():
    code = "```python\nprint('[`hvp`][xorfunc.transforms.hvp] [a](07-sgd.md)')\n```"
    assert for_notebook(code) == code


def test_a_note_without_a_title_has_the_name_of_its_kind():
    assert for_notebook("!!! tip\n    Keep tensors.") == "> **Tip**\n>\n> Keep tensors."


def test_code_in_a_question_is_code_in_its_summary():
    told = for_notebook('??? question "What is `x[0] < y`?"\n    The first.')
    assert told == "<details><summary>What is <code>x[0] &lt; y</code>?</summary>\n\nThe first.\n\n</details>"
