"""A griffe extension: what our docstrings hold that griffe does not read by itself.

Doctests in a docstring's text become code blocks instead of quotations, and the arguments of a
named tuple its attributes.
"""

from __future__ import annotations

import textwrap
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Rewrites docstrings before they are read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one object's docstring."""
        if obj.docstring is None:
            return
        obj.docstring.value = fenced(obj.docstring.value)
        if obj.is_class and any(str(base).endswith("NamedTuple") for base in obj.bases):
            # Its fields are no parameters to griffe, which would warn of each.
            obj.docstring.value = obj.docstring.value.replace("Args:\n", "Attributes:\n")


def fenced(text: str) -> str:
    """Return a docstring with fences around its doctests, which end at an empty line."""
    lines: list[str] = []
    inside = ""
    for line in text.splitlines():
        bare = line.lstrip()
        if not inside and bare.startswith(">>> "):
            inside = line[: len(line) - len(bare)]
            lines += [*([""] if lines and lines[-1].strip() else []), f"{inside}```pycon"]
            inside = inside or "\0"
        if inside and not bare:
            lines.append(f"{inside.strip(chr(0))}```")
            inside = ""
        lines.append(line)
    if inside:
        lines.append(f"{inside.strip(chr(0))}```")
    return textwrap.dedent("\n".join(lines)) if lines and lines[0][:1] == " " else "\n".join(lines)
