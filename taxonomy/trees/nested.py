"""Trees as nested lists and dictionaries, read and written.

Three forms mix freely:

- a *list* is a node without a name, a text in it a label id;
- a *dictionary* of names holds one named node for every key, whose value, a list or a dictionary,
  is what lies below: ``{"kitchen": ["fork", "spoon"], "garden": {"shed": ["rake"]}}``. In a list
  its nodes stand beside the list's other items: ``["bed", {"kitchen": ["fork", "spoon"]}]``;
- an *object* is a dictionary with the key ``children`` (a list of anything nested) or ``leaves`` (a
  list of label ids), or both: a single node, and ``name``, ``merge_height``, ``span`` and
  ``support`` are its attributes. With the key ``label`` it is a leaf.

A dictionary with one of the keys ``children``, ``leaves`` and ``label`` is always an object, and
keys that no object has are refused in it. So a node that is really called ``children`` must be
written as an object: ``{"name": "children", "leaves": ["Ann"]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import HierarchyError, did_you_mean
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy

_MARKS = {"children", "leaves", "label"}
_ATTRIBUTES = ("name", "merge_height", "span", "support")
_NODE_KEYS = ("children", "leaves", *_ATTRIBUTES)
_LEAF_KEYS = ("label", "merge_height", "span")


def read_nested(nested: Any) -> RawTree:
    """Read nested lists, dictionaries of names, and objects.

    Raises:
        HierarchyError: something else stands in it, or an object is malformed or ambiguous.

    >>> raw = read_nested({"kitchen": ["fork", "spoon"], "garden": {"tools": ["rake"]}})
    >>> sorted(raw.name)
    ['', '', '', '', 'garden', 'kitchen', 'tools']
    """
    raw = RawTree()
    heights: list[float | None] = []
    stack: list[tuple[int, str, Any]] = [(-1, "", nested)]
    within: set[int] = set()  # the lists and objects around the one that is read
    while stack:
        parent, name, item = stack.pop()
        if isinstance(item, _Left):
            within.discard(item.container)
            continue
        if _is_list(item) or isinstance(item, Mapping):
            _enter(item, within)
            stack.append((-1, "", _Left(id(item))))
        height = None
        if isinstance(item, str) and not name:
            raw.add(parent, leaf=item)
        elif isinstance(item, Mapping) and "label" in item and not name:
            height = _add_leaf(raw, parent, item)
        elif isinstance(item, Mapping) and "label" not in item:
            if _MARKS & item.keys():
                height, below = _add_node(raw, parent, name, item)
            else:
                below = _named(item)
                if name or parent < 0 or not below:
                    raw.add(parent, name=name)
            # in a list, the nodes that a dictionary names are children of the list's node
            node = len(raw.parent) - 1 if len(raw.parent) > len(heights) else parent
            stack.extend((node, key, child) for key, child in below)
        elif _is_list(item):
            node = raw.add(parent, name=name)
            stack.extend((node, "", child) for child in item)
        else:
            raise _not_nested(name, item)
        heights += [height] * (len(raw.parent) - len(heights))
    raw.height = whole_heights(heights, raw.leaf, lambda i: f"the node {raw.name[i]!r}")
    return raw


@dataclass(frozen=True)
class _Left:
    """What follows the last item of a list or object on the stack.

    Args:
        container: the identity of the list or object.
    """

    container: int


def _enter(item: object, within: set[int]) -> None:
    """Note that a list or object is being read, and refuse one that contains itself."""
    if id(item) in within:
        raise HierarchyError("A list or object contains itself; a tree has an end.")
    within.add(id(item))


def to_nested(tree: Hierarchy) -> Any:
    """Return a tree as nested lists, with an object for every entry that has attributes.

    A leaf at merge height 0 is its label id alone.
    """
    built: list[Any] = [None] * len(tree)
    for i in range(len(tree) - 1, -1, -1):
        attributes = tree.attributes(i)
        if repr(attributes.get("merge_height", 0.0)) == "0.0" and tree.leaf[i] is not None:
            attributes.pop("merge_height", None)
        below = [built[child] for child in tree.children(i)]
        if tree.leaf[i] is not None:
            built[i] = attributes if len(attributes) > 1 else tree.leaf[i]
        else:
            built[i] = {**attributes, "children": below} if attributes else below
    return built[0]


def whole_heights(
    heights: Sequence[float | None], leaf: Sequence[str | None], called: Any
) -> list[float]:
    """Return heights for all entries, 0 for a leaf without one; none where no entry has any.

    Args:
        heights: per entry its merge height, None where it has none.
        leaf: per entry its label, None for an inner node.
        called: returns, for an entry, what a message calls it.

    Raises:
        HierarchyError: some nodes have a height, and one has none.
    """
    if all(height is None for height in heights):
        return []
    for i, height in enumerate(heights):
        if height is None and leaf[i] is None:
            raise HierarchyError(
                f"Some nodes have a merge height, and {called(i)} has none; give all of them one, "
                "or none."
            )
    return [0.0 if height is None else height for height in heights]


def number_of(value: Any, key: str, whose: str) -> float:
    """Return an attribute as a number.

    Raises:
        HierarchyError: it is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise HierarchyError(
            f"The {key} of {whose} is {_short(value)}; expected a number."
        ) from None


def _add_node(
    raw: RawTree, parent: int, name: str, item: Mapping[Any, Any]
) -> tuple[float | None, list[tuple[str, Any]]]:
    """Add an object that is a node; return its height and what lies below it."""
    own = item.get("name")
    if own is not None and not isinstance(own, str):
        raise HierarchyError(f"An object's name is {_short(own)}; expected text.")
    called = f"the node {(name or own or '')!r}"
    _check_keys(item, _NODE_KEYS, called)
    if name and own is not None and own != name:
        raise HierarchyError(f"The node {name!r} has another name, {own!r}; keep one of them.")
    for key in ("children", "leaves"):
        if key in item and not _is_list(item[key]):
            raise HierarchyError(f"The {key} of {called} are {_short(item[key])}; expected a list.")
    for leaf in item.get("leaves", ()):
        if not isinstance(leaf, str):
            raise HierarchyError(f"The leaves of {called} hold {_short(leaf)}; expected label ids.")
    numbers = _numbers(item, called)
    raw.add(parent, name=name or own or "", **numbers)
    below = [*item.get("children", ()), *item.get("leaves", ())]
    return _height(item, called), [("", child) for child in below]


def _add_leaf(raw: RawTree, parent: int, item: Mapping[Any, Any]) -> float | None:
    """Add an object that is a leaf; return its height."""
    label = item["label"]
    if not isinstance(label, str):
        raise HierarchyError(f"An object's label is {_short(label)}; expected text.")
    _check_keys(item, _LEAF_KEYS, f"the leaf {label!r}")
    raw.add(parent, leaf=label, **_numbers(item, f"the leaf {label!r}"))
    return _height(item, f"the leaf {label!r}")


def _named(item: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    """Return the nodes of a dictionary of names."""
    for name in item:
        if not isinstance(name, str) or not name:
            raise HierarchyError(f"A nested tree names a node {_short(name)}; expected text.")
    return list(item.items())


def _numbers(item: Mapping[Any, Any], called: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    if item.get("span") is not None:
        numbers["span"] = span_of(item["span"], called)
    if item.get("support") is not None:
        numbers["support"] = number_of(item["support"], "support", called)
    return numbers


def span_of(value: Any, whose: str) -> int:
    """Return a span as a whole number.

    Raises:
        HierarchyError: it is none.
    """
    number = number_of(value, "span", whose)
    if not number.is_integer():
        raise HierarchyError(f"The span of {whose} is {_short(value)}; it counts leaves.")
    return value if isinstance(value, int) else int(number)


def _height(item: Mapping[Any, Any], called: str) -> float | None:
    value = item.get("merge_height")
    return None if value is None else number_of(value, "merge_height", called)


def _check_keys(item: Mapping[Any, Any], known: Sequence[str], called: str) -> None:
    for key in item:
        if key not in known:
            raise HierarchyError(
                f"{called[0].upper()}{called[1:]} is an object, having the key "
                f"{min(_MARKS & item.keys() - {key}, default=key)!r}, and {_short(key)} is no key "
                f"of one.{did_you_mean(str(key), known)} Its keys are {', '.join(known)}. A "
                "dictionary of names cannot name a node children, leaves or label; write such a "
                "node as an object with that name."
            )


def _is_list(item: Any) -> bool:
    return isinstance(item, Sequence) and not isinstance(item, str | bytes | bytearray)


def _not_nested(name: str, item: Any) -> HierarchyError:
    if name:
        return HierarchyError(
            f"The node {name!r} holds {_short(item)}; expected a list or a dictionary, such as "
            f"{{{name!r}: ['a label', 'another']}}."
        )
    return HierarchyError(
        f"A nested tree holds {_short(item)}; expected a label id, a list or a dictionary."
    )


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, Mapping | list) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:59] + "…"
