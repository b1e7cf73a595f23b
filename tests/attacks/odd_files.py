"""Whole files that no editor would write: odd encodings and odd sizes. Each is a file of bytes with what it tries."""

from __future__ import annotations


def made(honest: str) -> dict[str, tuple[str, bytes]]:
    """Give them by name.

    Args:
        honest: a right submission; in what is made of it `target` is not.
    """
    wrong = honest.replace("(x * y).sum(dim=-1)", "(x - y).sum(dim=-1)")
    return {
        "encoded_as_punycode": (
            "A mebibyte in an encoding whose decoder takes the square of a text's length.",
            b"# coding: punycode\n" + b"a" * 500_000 + b"-" + b"zz9" * 160_000,
        ),
        "encoded_as_hex": (
            "Names a codec that makes bytes of bytes.",
            b"# coding: hex\n" + wrong.encode().hex().encode(),
        ),
        "encoded_as_rot13": ("Names a codec that makes text of text.", b"# coding: rot13\n" + wrong.encode()),
        "encoded_as_undefined": ("Names the codec that always fails.", b"# coding: undefined\n" + wrong.encode()),
        "encoded_as_utf_7": (
            "Hides code in a comment that is none once it is decoded.",
            b"# coding: utf-7\n# +AAo-import os+AAo-os._exit(0)\n" + wrong.encode("utf-7"),
        ),
        "encoded_as_utf_16": ("Is UTF-16, full of zero bytes.", wrong.encode("utf-16")),
        "marked_twice": (
            "Has a byte order mark and names another encoding.",
            b"\xef\xbb\xbf# coding: latin-1\n" + wrong.encode(),
        ),
        "of_bytes_that_are_no_text": ("Is random bytes.", bytes(range(256)) * 64),
        "of_zero_bytes": ("Is a mebibyte of zeros.", bytes(2**20)),
        "of_one_endless_line": ("Is one sum of a hundred thousand terms.", b"x = 1" + b"+1" * 100_000),
        "of_nested_brackets": ("Nests brackets deeper than any parser follows.", b"x = " + b"(" * 200_000),
        "of_lone_surrogates": (
            "Names in a message what no encoding can write.",
            wrong.encode() + b"\n\ndef target(x, y):\n    raise ValueError('\\ud800\\udfff' * 100)\n",
        ),
        "of_control_characters": (
            "Has what a terminal would obey in its text and in its messages.",
            wrong.encode()
            + b"\n\ndef target(x, y):\n    # \x1b[2J\x1b]0;owned\x07\n"
            + b"    raise ValueError('\\x1b[2J\\x1b[1A\\r\\x9b31m')\n",
        ),
    }
