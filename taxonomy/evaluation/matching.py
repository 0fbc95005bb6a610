"""Finding the classes of somebody's predictions in a tree: by id, by name, by number."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from taxonomy._core.errors import LabelError, did_you_mean, shown
from taxonomy._core.spelling import composed, loosely, there_are
from taxonomy.labels import LabelSet, get_labels, shipped_names
from taxonomy.labels.label import Label
from taxonomy.labels.reading import read_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet.known import display_names

log = logging.getLogger(__name__)

_LISTED = 5
"""How many of the classes that do not match a message lists; the log lists all."""


class Finder:
    """Finds leaves and nodes of a tree by what others call them.

    Ids come first, then names: those in ``classes``, or WordNet's for ids that are its codes.
    Case, underscores and hyphens do not matter in names. A number stands for a class where the
    order of the classes is known and no class is called by it.

    Args:
        tree: of the classes.
        classes: all classes in the order by which numbers count them, from 0: a file with one a
            line, a shipped set or a list; None where nothing has numbers.

    Raises:
        LabelError: a class in ``classes`` that the tree does not have, or that comes twice.
    """

    def __init__(
        self, tree: Hierarchy, classes: LabelSet | Path | str | Iterable[str] | None = None
    ) -> None:
        self._tree = tree
        entries = tree.leaf_entries.tolist()
        self._ids = {composed(x): entry for x, entry in zip(tree.leaves, entries, strict=True)}
        self._names = defaultdict[str, set[int]](set)
        named = [*display_names(tree.leaves).items(), *zip(tree.leaves, tree.leaves, strict=True)]
        for label, name in named:
            self._names[loosely(name)].add(self._ids[composed(label)])
        self._nodes = defaultdict[str, list[int]](list)
        for node in tree.nodes.tolist():
            if tree.name[node]:
                self._nodes[loosely(tree.name[node])].append(node)
        self.numbered: list[int] = []
        if classes is not None:
            self._number(_labels_of(classes))

    def _number(self, labels: Sequence[Label]) -> None:
        self.numbered = self.leaves([label.id for label in labels], "`classes`", names=labels)
        for label, entry in zip(labels, self.numbered, strict=True):
            self._names[loosely(label.name)].add(entry)
        if len(set(self.numbered)) < len(self.numbered):
            raise LabelError("A class comes twice in `classes`.")

    def is_class(self, word: str) -> bool:
        """Tell whether a word is an id or a name of a class, or of several."""
        return composed(word) in self._ids or loosely(word) in self._names

    def leaves(self, words: Sequence[str], where: str, names: Sequence[Label] = ()) -> list[int]:
        """Return the leaf of every word, all that are none being listed at once.

        Args:
            words: ids, names, or numbers.
            where: what they are, for messages, such as ``the column 'label'``.
            names: what else each is called.

        Raises:
            LabelError: some are no class, or several.
        """
        return self._found(words, where, names, inner=False)

    def places(self, words: Sequence[str], where: str) -> list[int]:
        """Return the leaf or the inner node of every word.

        A class comes before a node of its name. Nodes that share a name are told apart by those
        above them: ``tools > bat``.

        Raises:
            LabelError: some are neither, or several.
        """
        return self._found(words, where, (), inner=True)

    def _found(
        self, words: Sequence[str], where: str, names: Sequence[Label], inner: bool
    ) -> list[int]:
        found, unknown, several = dict[str, int](), list[str](), list[str]()
        numbers = bool(self.numbered) and all(x.isdecimal() and x.isascii() for x in set(words))
        numbers = numbers and not any(self.is_class(word) for word in set(words))
        for i, word in enumerate(words):
            if word in found:
                continue
            places = self._numbered(word) if numbers else self._places(word, inner)
            if not places and names and names[i].name != word:
                places = self._places(names[i].name, inner)
            if len(places) == 1:
                found[word] = min(places)
            else:
                found[word] = -1
                (several if places else unknown).append(word)
        if unknown:
            raise self._unknown(unknown, where, len(found), inner)
        if several:
            remedy = "write 'above > name', with the name of a node above" if inner else "give ids"
            named = listing(several, "several nodes or classes")
            raise LabelError(f"In {where}, {named} could each be several of the tree's; {remedy}.")
        return [found[word] for word in words]

    def _numbered(self, word: str) -> Collection[int]:
        number = int(word) if len(word) < 10 else len(self.numbered)
        return self.numbered[number : number + 1]

    def _places(self, word: str, inner: bool) -> Collection[int]:
        if (own := self._ids.get(composed(word))) is not None:
            return (own,)
        if found := self._names.get(loosely(word)):
            return found
        if not inner:
            return ()
        *above, last = (loosely(part) for part in word.split(" > "))
        return self._nodes.get(loosely(word)) or [
            node for node in self._nodes.get(last, ()) if above and self._is_below(node, above)
        ]

    def _is_below(self, node: int, above: Sequence[str]) -> bool:
        """Tell whether the names of a node's ancestors end with those given."""
        names: list[str] = []
        node = int(self._tree.parent[node])
        while node >= 0 and len(names) < len(above):
            if self._tree.name[node]:
                names.append(loosely(self._tree.name[node]))
            node = int(self._tree.parent[node])
        return names[::-1] == list(above)

    def _unknown(self, words: list[str], where: str, total: int, inner: bool) -> LabelError:
        known = [*self._tree.leaves, *(filter(None, self._tree.name) if inner else ())]
        near = did_you_mean(words[0], known)
        more = (
            ""
            if inner or not any(loosely(word) in self._nodes for word in words)
            else (" Some are inner nodes of the tree; only what was predicted may be one.")
        )
        if all(word.isdecimal() for word in words):
            near = (
                f" {there_are(len(self.numbered), 'class')} Numbers count them from 0."
                if self.numbered
                else " Name the classes in the order of these numbers, from 0, as `classes`: a "
                f"file with one a line, or a shipped set ({', '.join(shipped_names())})."
            )
        what = "no class or node" if inner else "no class"
        return LabelError(
            f"{len(words):,} of {total:,} in {where} are {what} of the tree: "
            f"{listing(words, 'not found')}.{near}{more}"
        )


def listing(words: Sequence[str], what: str) -> str:
    """Return words for a message; where they are too many for it, the log lists all."""
    if len(words) <= _LISTED:
        return ", ".join(map(shown, words))
    log.warning("%s: %s", what, ", ".join(map(shown, words)))
    return (
        f"{', '.join(map(shown, words[:_LISTED]))} and {len(words) - _LISTED:,} more, listed above"
    )


def _labels_of(classes: LabelSet | Path | str | Iterable[str]) -> list[Label]:
    """Return classes in their order: that of a file's lines, or a shipped set's."""
    if isinstance(classes, LabelSet):
        return list(classes)
    if isinstance(classes, (str, Path)):
        if str(classes) in shipped_names():
            return list(get_labels(classes))
        return read_labels(Path(classes), told=False)
    return [Label.of_word(str(word)) for word in classes]
