"""Prompt templates: text files with a version and a digest, beside this module."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from taxonomy._core.errors import LLMError, did_you_mean
from taxonomy._core.io import read_text

_FOLDER = Path(__file__).parent / "templates"
_FILE = re.compile(r"([a-z-]+)-v(\d+)\.txt")

LONGEST_CONTEXT = 300
"""Characters that a context may have; it is a phrase, not a document."""


@dataclass(frozen=True)
class Template:
    """A system prompt with slots such as ``{context}``.

    A template is never edited once answers to it are stored: a better wording is a new version.

    Args:
        name: the question it asks, such as ``rows``.
        version: counted from 1.
        text: the prompt; slots are filled in literally and once.
    """

    name: str
    version: int
    text: str

    def __str__(self) -> str:
        """Return name and version, such as ``rows-v1``."""
        return f"{self.name}-v{self.version}"

    @cached_property
    def digest(self) -> str:
        """The sha256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fill(self, **slots: str) -> str:
        """Return the text with its slots filled in; a sentence whose slot is empty is left out.

        Raises:
            LLMError: a value is too long or holds a control character.

        >>> template = Template("rows", 1, "Rate them. The categories are {context}.")
        >>> template.fill(context="photos of birds")
        'Rate them. The categories are photos of birds.'
        >>> template.fill(context="")
        'Rate them.'
        """
        text = self.text
        for slot, value in slots.items():
            if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
                raise LLMError(f"The {slot} {value[:60]!r} holds a control character; remove it.")
            if len(value) > LONGEST_CONTEXT:
                raise LLMError(f"The {slot} has {len(value)} characters; write a short phrase.")
            if not value.strip():
                text = re.sub(rf" ?[^.\n]*\{{{slot}\}}\.", "", text)
        # In one pass, so that a value that looks like a slot stays what it is.
        return re.sub(r"\{([a-z]+)\}", lambda m: slots.get(m[1], m[0]), text)


@cache
def get_template(name: str, version: int | None = None) -> Template:
    """Return a shipped template, the latest version unless one is named.

    Raises:
        LLMError: there is no such template.

    >>> str(get_template("rows")), get_template("rows").digest[:8]
    ('rows-v1', '2ae8200e')
    """
    found: dict[str, dict[int, Path]] = {}
    for path in _FOLDER.iterdir():
        if match := _FILE.fullmatch(path.name):
            found.setdefault(match[1], {})[int(match[2])] = path
    if name not in found or (version is not None and version not in found[name]):
        raise LLMError(
            f"No prompt template {name!r}{'' if version is None else f' version {version}'}."
            f"{did_you_mean(name, found)} Choose from: {', '.join(sorted(found))}."
        )
    chosen = max(found[name]) if version is None else version
    return Template(name, chosen, read_text(found[name][chosen]).rstrip("\n"))
