"""Texts that are equal but for the Unicode characters they are written with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), in which equal texts are equal strings.

    ``é`` may be one character, or an ``e`` and an accent; systems differ in what they write.

    >>> composed("cafe\u0301") == "caf\u00e9"
    True
    """
    return unicodedata.normalize("NFC", text)


def respelled(names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the names, each written with the same characters as the known one that it equals.

    >>> respelled(["cafe\u0301", "bar"], ["caf\u00e9"])
    ('café', 'bar')
    """
    known = list(known)
    have, spelling = set(known), {composed(name): name for name in reversed(known)}
    return tuple(name if name in have else spelling.get(composed(name), name) for name in names)


def differing(one: str, other: str) -> str:
    """Return the characters beyond ASCII, as code points, that only one of two texts holds.

    >>> differing("cafe\u0301", "caf\u00e9")
    'U+00E9, U+0301'
    """
    strange = sorted(ord(character) for character in {*one} ^ {*other} if not character.isascii())
    return ", ".join(f"U+{code:04X}" for code in strange[:4])
