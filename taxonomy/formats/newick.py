"""Newick: ``((cat,dog)pets,taxi);``, with lengths, support and comments, in several dialects.

Programs differ in how they spell labels. The writer puts all but plain words in single quotes and
doubles apostrophes, as the format's authors do; the reader takes what the others write, too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from taxonomy._core.errors import HierarchyError, check_choice, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._heights import branch_lengths, heights_of_lengths
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents
from taxonomy.trees.nested import whole_heights
from taxonomy.trees.raw_tree import RawTree

_TOKEN = re.compile(r"\s*(?:([(),:;])|(\[)|(['\"])|([^\s()\[\],:;]+)|$)")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[.+/-])*")
_RULE = re.compile(r"\w+")
_AFTER_LABEL = re.compile(r"\s*(?:[(),:;\[]|$)")
_COMMENT = re.compile(r"\s*\[")
_BRACKETS = re.compile(r"[\[\]]")
_SHARES = ("support", "posterior", "prob", "B", "bootstrap")

Underscores = Literal["auto", "keep", "spaces"]
Labels = Literal["auto", "names", "support"]


@dataclass(frozen=True)
class Newick(Format):
    """Newick text.

    Lengths of branches are differences of merge heights; the lowest leaf is at height 0. Several
    trees in a file are refused.

    Args:
        underscores: whether an underscore outside quotes is one (``keep``, as for Biopython, ETE
            and treeswift) or a space (``spaces``, as for DendroPy and scikit-bio); with ``auto`` it
            is a space where other words stand in quotes only for their underscores, as ``'a_b'``.
        inner: what labels of inner nodes are: ``names``, ``support``, or, with ``auto``, support
            where all of them are numbers outside quotes.
        comments: whether merge heights, spans and support are written in full, as comments such as
            ``[&support=0.9]``, which some programs do not read.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog's"], "road": ["stop sign"]})
    >>> print(Newick().write(tree).decode(), end="")
    ((cat,'dog''s')pets,('stop sign')road);
    """

    endings: ClassVar[tuple[str, ...]] = (".nwk", ".newick", ".tre", ".tree", ".nw", ".dnd")
    sure: ClassVar[int] = 1

    underscores: Underscores = "auto"
    inner: Labels = "auto"
    comments: bool = False
    plain: ClassVar[re.Pattern[str]] = _PLAIN
    """Labels that stand without quotes: in Newick those that all programs tried read right."""

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("underscores", self.underscores, Underscores, HierarchyError)
        check_choice("inner", self.inner, Labels, HierarchyError)

    def fits(self, content: Content) -> bool:
        """Return whether the text begins with a bracket and ends with a semicolon."""
        ends = content.data[-64:].rstrip().endswith(b";")
        return ends and content.start.startswith(("(", "["))

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read the one tree of a file."""
        parsed = parse(content.text)
        if content.text[parsed.end :].strip():
            rest = content.text[parsed.end :].strip()
            raise HierarchyError(
                f"After the tree follows {shown(rest[:60])}; a file holds one tree here."
            )
        return self.reading(parsed)

    def reading(self, parsed: Parsed) -> Reading:
        """Return what was parsed as a tree."""
        notes = list(parsed.notes)
        label = self._unescaped(parsed, notes)
        raw = RawTree()
        for i, parent in enumerate(parsed.parent):
            if parsed.is_node[i]:
                raw.add(parent, name=label[i])
            elif not label[i]:
                raise HierarchyError(f"Leaf {i} of the text has no label; give every class one.")
            else:
                raw.add(parent, leaf=label[i])
        notes += self._support(raw, parsed)
        notes += _heights(raw, parsed)
        return Reading(raw, tuple(notes))

    def _unescaped(self, parsed: Parsed, notes: list[str]) -> list[str]:
        """Return the labels, with what stands for something else outside quotes replaced."""
        label = list(parsed.label)
        bare = [i for i, text in enumerate(label) if not parsed.quoted[i]]
        if doubled := [i for i in bare if "''" in label[i]]:
            said = counted(len(doubled), "label holds", "labels hold")
            notes.append(f"{said} doubled apostrophes outside quotes, taken for single ones")
            for i in doubled:
                label[i] = label[i].replace("''", "'")
        with_underscore = [i for i in bare if "_" in label[i]]
        follows_rule = any(
            quoted and "_" in text and _RULE.fullmatch(text)
            for text, quoted in zip(parsed.label, parsed.quoted, strict=True)
        )
        if self.underscores == "spaces" or (self.underscores == "auto" and follows_rule):
            for i in with_underscore:
                label[i] = label[i].replace("_", " ").strip()
        elif with_underscore and self.underscores == "auto":
            said = counted(len(with_underscore), "label holds", "labels hold")
            notes.append(
                f"{said} underscores outside quotes, which were kept; DendroPy and scikit-bio take "
                "them for spaces, as `underscores=spaces` does"
            )
        return label

    def _support(self, raw: RawTree, parsed: Parsed) -> list[str]:
        """Take support from comments, and from labels of nodes that are numbers."""
        for i, facts in enumerate(parsed.facts):
            given = next((facts[key] for key in _SHARES if key in facts), None)
            if given is not None and parsed.is_node[i]:
                raw.support[i] = _number(given, "support")
            if "span" in facts and facts["span"].isdecimal() and len(facts["span"]) < 19:
                raw.span[i] = int(facts["span"])
        nodes = [i for i, is_node in enumerate(parsed.is_node) if is_node and raw.name[i]]
        numbers = all(not parsed.quoted[i] and _NUMBER.fullmatch(raw.name[i]) for i in nodes)
        if self.inner == "support" and not numbers:
            odd = next(i for i in nodes if not _NUMBER.fullmatch(raw.name[i]))
            raise HierarchyError(f"The label {shown(raw.name[odd])} of a node is no support.")
        if nodes and numbers and self.inner != "names":
            for i in nodes:
                raw.support[i], raw.name[i] = float(raw.name[i]), ""
        known = [share for share in raw.support if not math.isnan(share)]
        if known and 1 < max(known) <= 100 and min(known) >= 0:
            raw.support = [share / 100 for share in raw.support]
            return ["support was taken for percent and divided by 100"]
        if known and not 0 <= min(known) <= max(known) <= 1:
            raise HierarchyError(
                f"Labels of nodes go up to {max(known):g}, which is no support; if they are names, "
                "say so by `inner=names`."
            )
        return []

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree on one line."""
        return f"{self.text_of(tree)}\n".encode()

    def text_of(self, tree: Hierarchy) -> str:
        """Return the tree as text, with the semicolon."""
        lengths = branch_lengths(tree)
        named = any(tree.name)
        text = [""] * len(tree)
        for i in range(len(tree) - 1, -1, -1):
            leaf = tree.leaf[i]
            label = spelled(tree.name[i] if leaf is None else leaf, leaf is None, self.plain)
            support = "" if tree.support is None else _share(float(tree.support[i]))
            if leaf is None and not named:
                label = support
            length = f":{lengths[i]!r}" if lengths is not None and i else ""
            text[i] = f"{label}{length}{self._comment(tree, i) if self.comments else ''}"
        parts: list[str] = []
        stack: list[int | str] = [0]
        while stack:  # joined once: adding texts level by level would take the square of the depth
            item = stack.pop()
            if isinstance(item, str):
                parts.append(item)
            elif tree.leaf[item] is not None:
                parts.append(text[item])
            else:
                parts.append("(")
                stack.append(")" + text[item])
                for k, child in enumerate(reversed(tree.children(item))):
                    stack += [",", child] if k else [child]
        return "".join(parts) + ";"

    def _comment(self, tree: Hierarchy, i: int) -> str:
        facts = tree.attributes(i)
        words = {"merge_height": "height", "span": "span", "support": "support"}
        parts = [f"{word}={facts[key]!r}" for key, word in words.items() if key in facts]
        return f"[&{','.join(parts)}]" if parts else ""


@dataclass
class Parsed:
    """A tree as its text says it, entry by entry, parents first."""

    parent: list[int] = field(default_factory=list)
    is_node: list[bool] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)
    length: list[float | None] = field(default_factory=list)
    facts: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    end: int = 0

    def add(self, parent: int, is_node: bool) -> int:
        """Append an entry and return its index."""
        self.parent.append(parent)
        self.is_node.append(is_node)
        self.label.append("")
        self.quoted.append(False)
        self.length.append(None)
        self.facts.append({})
        return len(self.parent) - 1


def parse(text: str, start: int = 0) -> Parsed:
    """Parse the tree that begins at a place of a text, up to its semicolon.

    Raises:
        HierarchyError: brackets, quotes or commas that do not fit together, with their place.

    >>> parse("(cat:1,'dog''s':2[old]);").label
    ['', 'cat', "dog's"]
    """
    return _Parser(text, start).tree()


class _Parser:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.at, self.done = text, start, Parsed()
        self.token = start
        self.open: list[int] = []
        self.last: int | None = None  # the entry whose label or length may follow
        self.dropped = 0

    def fault(self, words: str) -> HierarchyError:
        line = self.text.count("\n", 0, self.token) + 1
        column = self.token - self.text.rfind("\n", 0, self.token)
        return HierarchyError(f"Line {line}, character {column}: {words}.")

    def tree(self) -> Parsed:
        while True:
            match = _TOKEN.match(self.text, self.at)
            mark, comment, quote, word = match.groups() if match else (None,) * 4
            self.at = match.end() if match else self.at
            self.token = self.at - len(mark or comment or quote or word or "")
            if comment:
                self.comment()
            elif quote:
                self.labelled(self.quotation(quote), True)
            elif word:
                self.labelled(word, False)
            elif mark in (";", None):
                return self.finished(mark is None)
            else:
                self.marked(str(mark))

    def marked(self, mark: str) -> None:
        """Read a bracket, comma or colon."""
        above = self.open[-1] if self.open else -1
        if mark == "(":
            if self.last is not None or (not self.open and self.done.parent):
                raise self.fault("a bracket opens after a label or tree; a comma is missing")
            self.open.append(self.done.add(above, True))
        elif mark == ":":
            if self.last is None:
                self.last = self.done.add(above, False)
            self.length()
        elif not self.open:
            raise self.fault(f"{mark!r} stands outside of all brackets")
        else:
            if self.last is None:
                raise self.fault("a leaf has no label; give every class one")
            self.last = self.open.pop() if mark == ")" else None

    def labelled(self, text: str, quoted: bool) -> None:
        done = self.done
        if self.last is None:
            if not self.open and done.parent:
                raise self.fault("a second tree begins without a semicolon between")
            self.last = done.add(self.open[-1] if self.open else -1, False)
        i = self.last
        if done.length[i] is not None:
            raise self.fault(f"the label {shown(text)} stands after a length")
        if done.label[i] and (quoted or done.quoted[i]):
            raise self.fault(f"{shown(text)} follows another label; a comma is missing")
        done.label[i] = f"{done.label[i]} {text}" if done.label[i] else text
        done.quoted[i] = quoted

    def quotation(self, quote: str) -> str:
        """Return a label in quotes.

        A doubled quote stands for one. Some programs write ``'dog's'``, or put a backslash before
        the apostrophe; so a quote that nothing follows that may follow a label does not end it.
        """
        parts = []
        while True:
            stop = self.text.find(quote, self.at)
            if stop < 0:
                raise self.fault(f"a label in quotes ({quote}) does not end")
            parts.append(self.text[self.at : stop])
            self.at = stop + 1
            if self.text.startswith(quote, self.at):
                self.at += 1
            elif _AFTER_LABEL.match(self.text, self.at):
                return "".join(parts)
            else:
                parts[-1] = parts[-1].removesuffix("\\")
            parts.append(quote)

    def comment(self) -> None:
        """Read a comment, in which others may lie, and the facts in it."""
        start, depth = self.at, 1
        while depth:
            match = _BRACKETS.search(self.text, self.at)
            if not match:
                raise self.fault("a comment in square brackets does not end")
            self.at = match.end()
            depth += 1 if match.group() == "[" else -1
        words = self.text[start : self.at - 1]
        facts = _facts(words)
        i = self.last
        if i is not None and facts:
            self.done.facts[i].update(facts)
        elif words.upper() == "&U":
            self.done.notes.append(
                "the tree is unrooted ([&U]); its outermost node was made the root"
            )
        elif words.upper() != "&R":
            self.dropped += 1

    def length(self) -> None:
        """Read the number after a colon."""
        i = self.last
        while match := _COMMENT.match(self.text, self.at):
            self.at = match.end()
            self.comment()
        match = _TOKEN.match(self.text, self.at)
        word = match[4] if match else None
        if i is None or not word or not _NUMBER.fullmatch(word):
            raise self.fault(f"a number must follow the colon, and {shown(word or '')} does")
        if self.done.length[i] is not None:
            raise self.fault("a second length follows the first")
        self.at = match.end() if match else self.at
        self.done.length[i] = float(word)

    def finished(self, unended: bool) -> Parsed:
        done = self.done
        if self.open:
            raise self.fault(f"{counted(len(self.open), 'bracket is', 'brackets are')} not closed")
        if not done.parent:
            raise self.fault("there is no tree")
        if unended:
            done.notes.append("the semicolon at the end is missing")
        if self.dropped:
            done.notes.append(f"{counted(self.dropped, 'comment was', 'comments were')} left out")
        done.end = self.at
        return done


def _facts(comment: str) -> dict[str, str]:
    """Return what a comment such as ``&support=0.9,span=3`` or ``&&NHX:B=90`` says."""
    if not comment.startswith("&"):
        return {}
    is_nhx = comment.startswith("&&NHX")
    words = comment[5:].split(":") if is_nhx else comment[1:].split(",")
    pairs = (word.strip().partition("=") for word in words)
    known = {*_SHARES, "height", "span"}
    return {key.lstrip("!"): value for key, mark, value in pairs if mark and key in known}


def _number(text: str, what: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise HierarchyError(f"The {what} {shown(text)} in a comment is no number.")
    return float(text)


def _heights(raw: RawTree, parsed: Parsed) -> list[str]:
    """Set heights from comments that give all of them, or else from lengths."""
    given = [facts.get("height") for facts in parsed.facts]
    if any(height is not None for height in given):
        numbers = [None if text is None else _number(text, "height") for text in given]
        raw.height = whole_heights(numbers, raw.leaf, lambda i: f"node {i} of the text")
        return []
    raw.height, notes = heights_of_lengths(raw, parsed.length)
    return notes


def spelled(label: str, is_node: bool = False, plain: re.Pattern[str] = _PLAIN) -> str:
    """Return a label as most programs read it: plain words as they are, others in quotes.

    Args:
        label: of a leaf or node.
        is_node: whether a number would be taken for support.
        plain: what needs no quotes.

    >>> spelled("cat"), spelled("stop sign"), spelled("a_b"), spelled("7"), spelled("7", True)
    ('cat', "'stop sign'", "'a_b'", '7', "'7'")
    """
    if not label or (plain.fullmatch(label) and not (is_node and _NUMBER.fullmatch(label))):
        return label
    return "'" + label.replace("'", "''") + "'"


def _share(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
