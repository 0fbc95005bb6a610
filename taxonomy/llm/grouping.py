"""Strategies that end in a tree: ``groups``, and ``assign`` for models too small for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError, LLMError, ReplyError
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.question import Prompt, category, wire_id
from taxonomy.llm.reply import (
    Answers,
    Check,
    Fault,
    Fields,
    Object,
    Single,
    closed,
    first_faults,
    integer,
    phrase,
    remedy,
)

LIST = 300
"""Most categories that one ``groups`` request sorts; longer lists are first divided."""

PLACED = 60
"""Most categories that one request places into groups."""

NAME = phrase(80)
GROUPS = 12
"""Most groups that a model may propose at once."""

Group = dict[str, Any]
"""A nested tree: ``name`` and ``children`` (groups) or ``leaves`` (label ids)."""


@dataclass(frozen=True)
class Tree:
    """The form of an answer that is a tree, usable if it holds most of the ids exactly once."""

    divisible: ClassVar[bool] = False

    ids: frozenset[str]

    def schema(self, wanted: Sequence[str]) -> io.Json:  # noqa: ARG002
        """Demand two levels of groups."""
        leaf = {"type": "string", "enum": sorted(self.ids)}
        below = {"name": NAME.schema, "leaves": {"type": "array", "items": leaf}}
        top = {"name": NAME.schema, "children": {"type": "array", "items": closed(below)}}
        children = {"type": "array", "items": closed(top)}
        return closed({"name": NAME.schema, "children": children})

    def read(self, content: Object, wanted: Sequence[str]) -> Answers:
        """Clean the tree of what was not asked for, and count how much of it is there."""
        (item,) = wanted
        reading = Answers()
        held: Counter[str] = Counter()
        tree = self._group(content, reading, held, 0)
        if sum(held[one] == 1 for one in self.ids) * 3 < 2 * len(self.ids):
            reading.faults[item] = Fault.MISSING
        else:
            reading.values[item] = tree
        return reading

    def _group(self, found: Any, reading: Answers, held: Counter[str], depth: int) -> Group:
        if not isinstance(found, Object) or depth > 8:
            raise ReplyError(Fault.NOT_JSON)
        found = found.named(["name", "children", "leaves"])
        name = NAME.run(found.get("name", "group"))
        children, leaves = found.get("children", []), found.get("leaves", [])
        if not isinstance(children, list) or not isinstance(leaves, list):
            raise ReplyError(Fault.NOT_JSON)
        leaves = leaves + [child for child in children if isinstance(child, str)]
        known = [leaf for leaf in leaves if isinstance(leaf, str) and leaf in self.ids]
        reading.invented += len(leaves) - len(known)
        held.update(known)
        inner = [child for child in children if not isinstance(child, str)]
        below = [self._group(child, reading, held, depth + 1) for child in inner]
        return {"name": name, "children": below, "leaves": known}

    def room(self, wanted: Sequence[str]) -> int:  # noqa: ARG002
        """Allow for every id by bytes, and a group for every other category."""
        return 256 + sum(len(one.encode()) + 5 for one in self.ids) + 40 * len(self.ids)


def groups(labels: LabelSet, asker: Asker, repeat: int = 0, group: str = "") -> Group:
    """Return the model's own tree of the labels, each of them exactly once.

    Labels that an answer leaves out or repeats are asked for again, to be placed in its groups.
    Lists of more than `LIST` labels are divided among proposed groups first, and each is sorted.

    Args:
        labels: the classes.
        asker: asks or reads.
        repeat: which independent answer.
        group: what the classes have in common, where they are a group of a larger tree.

    Raises:
        IncompleteError: no usable tree, or labels without a place after two more questions.
    """
    if len(labels) < 3:
        return {"name": "root", "leaves": list(labels.ids)}
    if len(labels) > LIST:
        names = propose(labels, asker, repeat, group)
        where = place(labels, [{"name": name} for name in names], asker, repeat)
        parts = [[one for one in labels.ids if where[one] == k] for k in range(len(names))]
        if max(map(len, parts)) == len(labels):
            raise IncompleteError("The model puts all classes into one group; use another `model`.")

        def divided(name: str, part: list[str]) -> Group:
            return groups(labels.restrict(part), asker, repeat, name) | {"name": name}

        return {"name": "root", "children": _all_of(divided, names, parts)}
    version = asker.template("groups").version
    prompt = Prompt(
        "groups",
        ("tree",),
        _listed(labels, group if version > 1 else ""),
        Tree(_ids(labels)),
        {"shape": shape(len(labels), version)},
    )
    (outcome,) = asker.ask([prompt], repeat)
    if outcome.faults:
        raise _incomplete("a tree", {"tree": outcome.faults["tree"]})
    return _repaired(labels, outcome.values["tree"], asker, repeat)


def shape(n: int, version: int = 2) -> str:
    """Return the words in which a version of the prompt asks for a number of groups of n classes.

    >>> shape(212)[:47]
    '6 to 12 top groups; under each, 1 to 8 subgroup'
    """
    few = max(2, round(0.41 * n**0.5))
    top = f"{few} to {2 * few} top groups; under each, "
    if n < 24:
        return f"{top}1 to 3 subgroups of at least 1 category."
    low, high = (max(2 * few, round(n / share, -1 if n >= 100 else None)) for share in (7, 4.2))
    if version == 1:
        return (
            f"{top}2 to 8 subgroups; each subgroup holds 3 to 9 categories; {low:.0f} to "
            f"{high:.0f} subgroups in all."
        )
    return (
        f"{top}1 to 8 subgroups; a subgroup usually holds 3 to 9 categories; {_range(low, high)} "
        "subgroups in all, top groups not counted."
    )


def _range(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f}" if low < high else f"{low:.0f}"


def _ids(labels: LabelSet) -> frozenset[str]:
    return frozenset(wire_id(label.id) for label in labels)


def _listed(labels: LabelSet, group: str) -> Any:
    """Return what makes a request's data: the categories, and the group that they are of."""
    named = {"group": group} if group else {}
    return lambda _: {**named, "categories": [category(label) for label in labels]}


def _repaired(labels: LabelSet, tree: Group, asker: Asker, repeat: int) -> Group:
    """Place what the tree lacks or repeats, and return it without empty groups, by label ids."""
    names = {wire_id(label.id): label.id for label in labels}
    homes: list[Group] = []
    held: Counter[str] = Counter()

    def walk(group: Group, path: tuple[str, ...]) -> None:
        held.update(group["leaves"])
        if group["leaves"]:
            homes.append({"name": " / ".join(path), "group": group})
        for child in group["children"]:
            walk(child, (*path, child["name"]))

    walk(tree, ())
    wrong = [name for one, name in names.items() if held[one] != 1]
    for home in homes:
        home["group"]["leaves"] = [one for one in home["group"]["leaves"] if held[one] == 1]
        home["members"] = home["group"]["leaves"][:12]
    if wrong:
        options = [{"name": home["name"], "members": home["members"]} for home in homes]
        where = place(labels.restrict(wrong), options, asker, repeat, attempts=2)
        for name, k in where.items():
            homes[k]["group"]["leaves"].append(wire_id(name))
    return _cleaned(tree, names) or {"name": "root", "leaves": []}


def _cleaned(group: Group, names: dict[str, str]) -> Group | None:
    below = [kept for child in group["children"] if (kept := _cleaned(child, names))]
    leaves = [names[one] for one in group["leaves"]]
    return {"name": group["name"], "children": below, "leaves": leaves} if below or leaves else None


def place(
    labels: LabelSet, options: Sequence[Group], asker: Asker, repeat: int = 0, attempts: int = 3
) -> dict[str, int]:
    """Ask into which of the listed groups each label belongs; many labels a request.

    Raises:
        IncompleteError: a label has no usable answer.
    """
    numbered = [{"number": k, **option} for k, option in enumerate(options, start=1)]
    prompts, ids = [], {wire_id(label.id): label for label in labels}
    for part in np.array_split(list(ids), -(-len(ids) // PLACED)):

        def user(wanted: Sequence[str]) -> io.Json:
            return {"groups": numbered, "categories": [category(ids[one]) for one in wanted]}

        reply = Fields("groups", integer(1, len(options)))
        prompts.append(Prompt("place", tuple(map(str, part)), user, reply, attempts=attempts))
    found: dict[str, int] = {}
    faults: dict[str, Fault] = {}
    for outcome in asker.ask(prompts, repeat):
        found |= {ids[one].id: int(value) - 1 for one, value in outcome.values.items()}
        faults |= {ids[one].id: fault for one, fault in outcome.faults.items()}
    if faults:
        raise _incomplete("a group", faults)
    return found


def propose(labels: LabelSet, asker: Asker, repeat: int = 0, group: str = "") -> list[str]:
    """Ask for names of groups into which all labels can be sorted.

    Args:
        labels: the classes.
        asker: asks or reads.
        repeat: which independent answer.
        group: what the classes have in common, where they are a group of a larger tree.

    Raises:
        IncompleteError: no usable answer.
    """
    first = asker.template("propose").version == 1
    few = max(2, round(0.41 * len(labels) ** 0.5))
    few, most = min(GROUPS if first else GROUPS - 4, few), min(GROUPS, 2 * few)
    text = f"{few} to {most} groups."
    listed = _listed(labels, "" if first else group)
    reply = Single("groups", _names(2, 2 * GROUPS))
    (outcome,) = asker.ask([Prompt("propose", ("groups",), listed, reply, {"shape": text})], repeat)
    if outcome.faults:
        raise _incomplete("groups", outcome.faults)
    names: list[str] = outcome.values["groups"]
    return names


def _names(least: int, most: int) -> Check:
    """Return the check of a list of distinct names."""

    def check(value: Any) -> list[str]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ReplyError(Fault.OUT_OF_RANGE)
        names = [NAME.run(name) for name in value]
        if len({name.casefold() for name in names}) < len(names):
            raise ReplyError(Fault.DUPLICATE)
        return names

    return Check(check, {"type": "array", "items": NAME.schema}, most * 90)


def assign(
    labels: LabelSet,
    asker: Asker,
    options: Sequence[str] = (),
    *,
    depth: int = 1,
    least: int = 6,
    repeat: int = 0,
    group: str = "",
) -> Group:
    """Return a tree made top-down: every label chooses among listed groups, one a request.

    Args:
        labels: the classes.
        asker: asks or reads.
        options: names of the top groups; proposed by the model when empty.
        depth: number of levels of groups; those below the first are proposed by the model.
        least: groups of fewer labels are not divided.
        repeat: which independent answer.
        group: what the classes have in common, where they are a group of a larger tree.

    Raises:
        LLMError: fewer than two options.
        IncompleteError: a label has no usable answer, or groups could not be proposed.
    """
    names = list(options) or propose(labels, asker, repeat, group)
    if len(names) < 2 or len(set(names)) < len(names):
        raise LLMError("Assignment needs at least two groups of different names.")
    numbered = [{"number": k, "name": name} for k, name in enumerate(names, start=1)]
    prompts = []
    for label in labels:

        def user(_: Sequence[str], label: Label = label) -> io.Json:
            return {"groups": numbered, "category": category(label)}

        reply = Single("group", integer(1, len(names)))
        prompts.append(Prompt("assign", ("group",), user, reply))
    chosen, faults = {}, {}
    for label, outcome in zip(labels, asker.ask(prompts, repeat), strict=True):
        if outcome.faults:
            faults[label.id] = outcome.faults["group"]
        else:
            chosen[label.id] = int(outcome.values["group"]) - 1
    if faults:
        raise _incomplete("a group", faults)
    inner = partial(assign, asker=asker, depth=depth - 1, least=least, repeat=repeat)

    def divided(name: str, part: list[str]) -> Group:
        if depth > 1 and len(labels) > len(part) >= max(least, 3):
            return inner(labels.restrict(part), group=name) | {"name": name}
        return {"name": name, "leaves": part}

    parts = [[one for one in labels.ids if chosen[one] == k] for k in range(len(names))]
    return {"name": "root", "children": _all_of(divided, names, parts)}


def _all_of(
    divided: Callable[[str, list[str]], Group], names: Sequence[str], parts: Sequence[list[str]]
) -> list[Group]:
    """Divide all groups that are not empty, so that their questions go out together.

    Raises:
        IncompleteError: one lacks answers.
    """
    below, lacking = [], []
    for name, part in zip(names, parts, strict=True):
        try:
            if part:
                below.append(divided(name, part))
        except IncompleteError as error:
            lacking.append(error)
    if lacking:
        raise lacking[0]
    return below


def option_names(text: str) -> tuple[str, ...]:
    """Split the names of groups at semicolons.

    >>> option_names("food; animals, plants")
    ('food', 'animals, plants')
    """
    return tuple(name for part in re.split(r"[;\n]", text) if (name := part.strip()))


def _incomplete(what: str, faults: dict[str, Fault]) -> IncompleteError:
    return IncompleteError(
        f"The model gave no usable answer for {what} of {len(faults)} "
        f"({first_faults(faults)}). {remedy(faults)}",
        faults,
    )
