"""Texts that are equal but for the characters that they are written with, and those not seen."""

from __future__ import annotations

import re
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


def code_points(characters: Iterable[str]) -> str:
    """Return up to four characters as code points.

    >>> code_points("\u200b\u00a0")
    'U+200B, U+00A0'
    """
    return ", ".join(f"U+{ord(character):04X}" for character in list(characters)[:4])


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]"
    "|(?<=[A-Za-z])[\u200c\u200d\ufe00-\ufe0f]|[\u200c\u200d](?=[A-Za-z])"
)
"""Unicode's characters without a look, and those that turn the direction of what follows; but not
those that change how their neighbours look: the joiners of Indic scripts, Persian and emoji, the
selectors of variants, and tags. In Latin words joiners and selectors change nothing."""

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")
"""Spaces that look like the plain one; the ideographic one does not."""


def strange_in(text: str) -> list[str]:
    r"""Return the characters of a text that cannot be seen, or be told from a space, each once.

    >>> strange_in("hot\u00a0d\u200bog")
    ['\xa0', '\u200b']
    """
    if text.isascii():
        return []
    found = [*_SPACES.findall(text), *_INVISIBLE.findall(text)]
    return list(dict.fromkeys(found))


def tidied(text: str) -> str:
    """Return a text without characters that cannot be seen, and with plain spaces.

    >>> tidied("hot\u00a0d\u200bog")
    'hot dog'
    """
    return text if text.isascii() else _INVISIBLE.sub("", _SPACES.sub(" ", text))


def loosely(text: str) -> str:
    """Return what a text has in common with others that differ in case or in spaces only.

    >>> loosely("Hot-Dog") == loosely("hot dog") == loosely("hot_dog")
    True
    """
    return re.sub(r"[\s_-]+", " ", composed(text).casefold()).strip()


_TWINS = str.maketrans("асеорхуікмнтвαορνικτ", "aceopxyikmhtbaopvikt")
"""Cyrillic and Greek letters that look like Latin ones, in small."""


def look(text: str) -> str:
    """Return what a text has in common with others that look like it.

    Case, spaces and hyphens between letters, wide and narrow forms, joiners, and letters of other
    alphabets that look like Latin ones make no difference.

    >>> look("Hot-Dog") == look("hotdog") == look("ｈｏｔ ｄоｇ")
    True
    >>> look("1 0") == look("10")
    False
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TWINS)
    plain = re.sub("[\u200c\u200d\ufe00-\ufe0f]", "", plain)
    plain = re.sub(r"[\s_\u2010-\u2015-]+", " ", plain).strip()
    return re.sub(r"(?<=[^\W\d]) (?=[^\W\d])", "", plain)


def counted(count: float, one: str, several: str = "") -> str:
    """Return a count with its noun.

    Args:
        count: how many there are, a whole number.
        one: the noun, of one.
        several: of several; the noun with an ``s``, or an ``es`` where it needs one, if left out.

    >>> counted(1, "node has", "nodes have"), counted(2, "link"), counted(1200, "class")
    ('1 node has', '2 links', '1,200 classes')
    """
    end = "es" if one.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{int(count):,} {one if count == 1 else several or one + end}"


def there_are(count: int, one: str) -> str:
    """Return a sentence on how many there are.

    >>> there_are(1, "class"), there_are(4, "class")
    ('There is 1 class.', 'There are 4 classes.')
    """
    return f"There {'is' if count == 1 else 'are'} {counted(count, one)}."


def with_width(text: str, width: float) -> str:
    """Return what a network is called, with the share of its channels that is meant of it.

    >>> with_width("runs/x", 0.5), with_width("runs/x", 1)
    ('runs/x at width 0.5', 'runs/x')
    """
    return text if width == 1 else f"{text} at width {width}"
