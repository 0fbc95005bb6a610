"""One class and what is said of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from taxonomy._core.checked import check_kind
from taxonomy._core.errors import LabelError
from taxonomy._core.spelling import code_points, strange_in, tidied

WNID = re.compile(r"n\d{8}")
"""A WordNet noun id: ``n`` and the eight-digit offset in WordNet 3.0's ``data.noun``."""

SYNSET = re.compile(r"n\d{8}|[^\s,]+\.n\.\d{2}")
"""What stands for a noun synset wherever it is read: a wnid, or a name such as ``bat.n.01``."""

MOST_CHARACTERS = 10_000
"""The length of a class's id, name or definition; of a node's name, too. Real ones are of hundreds
at most, and what is far longer could be written to CSV, but not read again."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def fault_of(text: str) -> str:
    r"""Return what keeps a text from being one of a class, and what to do about it; else nothing.

    >>> fault_of("cat"), fault_of("c\tat")
    ('', 'holds a control character; remove it')
    >>> fault_of("x" * 12_345)
    'has 12,345 characters; shorten it to 10,000'
    """
    if len(text) > MOST_CHARACTERS:
        return f"has {len(text):,} characters; shorten it to {MOST_CHARACTERS:,}"
    return "holds a control character; remove it" if _CONTROL.search(text) else ""


@dataclass(frozen=True, order=True)
class Label:
    """One class: its id, name, definition and WordNet id.

    Args:
        id: unique in its set; any printable text.
        name: what people call the class; the id when left out.
        definition: one phrase that tells it from its namesakes; may be empty.
        wnid: WordNet 3.0 noun id such as ``n02121808``, or a synset's name such as ``cat.n.01``;
            may be empty.

    Raises:
        LabelError: an empty id, a control character, an invisible one in the id, more than 10,000
            characters, or a malformed wnid.

    >>> Label("cat", wnid="n02121808").name
    'cat'
    """

    id: str
    name: str = ""
    definition: str = ""
    wnid: str = ""

    def __post_init__(self) -> None:
        """Check the texts; the name falls back to the id, and spaces around texts go."""
        for field in ("id", "name", "definition", "wnid"):
            check_kind(getattr(self, field), str, f"a label's {field}", LabelError)
        if not self.id.strip():
            raise LabelError("A label has an empty id; give every class an id.")
        for field, text in asdict(self).items():
            if fault := fault_of(text):
                raise LabelError(f"The {field} of label {self.id[:60]!r} {fault}.")
        if strange := strange_in(self.id):
            raise LabelError(
                f"The label id {self.id[:60]!r} holds what cannot be seen, or be told from a "
                f"space ({code_points(strange)}); rename it."
            )
        if self.id != self.id.strip():
            raise LabelError(f"The label id {self.id!r} begins or ends with a space; remove it.")
        if self.wnid and not SYNSET.fullmatch(self.wnid):
            raise LabelError(
                f"The wnid {self.wnid[:60]!r} of label {self.id[:60]!r} is no WordNet noun id; "
                "write 'n' and eight digits, such as n02121808, or a synset's name, such as "
                "cat.n.01."
            )
        object.__setattr__(self, "name", tidied(self.name).strip() or self.id)
        object.__setattr__(self, "definition", tidied(self.definition).strip())

    @classmethod
    def of_word(cls, word: str) -> Label:
        """Return the label of a word alone; one that is a wnid or a synset's name is that synset.

        >>> Label.of_word("n02084071").wnid, Label.of_word("dog").wnid
        ('n02084071', '')
        """
        return cls(word, wnid=word if SYNSET.fullmatch(word) else "")
