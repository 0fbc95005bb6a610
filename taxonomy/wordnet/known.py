"""Labels that WordNet knows by a code: what it calls them, and whether that fits their names."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from taxonomy._core.errors import LabelError
from taxonomy.labels import SYNSET, WNID, Label, LabelSet, get_labels
from taxonomy.wordnet.graph import NounGraph, fold
from taxonomy.wordnet.qualifiers import ancestors

log = logging.getLogger(__name__)


def known(labels: LabelSet, graph: NounGraph | None = None) -> LabelSet:
    """Return labels of which no text is a code.

    A label whose name is a wnid or a synset's name gets the synset's first lemma for its name, with
    the hypernym's in brackets where another label has the same name, and the synset's definition
    where it has none. A synset's name in the place of a wnid becomes the wnid; where WordNet 3.0
    lacks it, as some of LVIS's own, the label has none, and a warning says so. Ids stay as they
    are. Whatever makes texts of labels, such as an embedding or a prompt, makes them of these.

    Args:
        labels: the classes.
        graph: the noun graph [the shipped one].

    Raises:
        LabelError: a code that WordNet 3.0 does not have.

    >>> [(label.id, label.name, label.wnid) for label in known(LabelSet(["n02084071", "bat.n.01"]))]
    [('bat.n.01', 'bat', 'n02139199'), ('n02084071', 'dog', 'n02084071')]
    """
    if not any(SYNSET.fullmatch(x.name) or not _is_plain(x.wnid) for x in labels):
        return labels
    graph = graph or NounGraph.load()
    told = [_known(label, graph) for label in labels]
    lost = [old for old, new in zip(labels, told, strict=True) if old.wnid and not new.wnid]
    if lost:
        listed = ", ".join(f"{label.id} ({label.wnid})" for label in lost[:5])
        log.warning(
            "WordNet 3.0 has no such synset, so these labels stay without: %s%s.",
            *(listed, f" and {len(lost) - 5} more" * (len(lost) > 5)),
        )
    held = Counter(label.name.casefold() for label in told)
    return LabelSet(
        replace(new, name=_qualified(graph, new.name, old.wnid or old.name))
        if new.name != old.name and held[new.name.casefold()] > 1
        else new
        for old, new in zip(labels, told, strict=True)
    )


def _qualified(graph: NounGraph, name: str, code: str) -> str:
    """Return a name with that of the synset's hypernym, which tells it from its namesakes.

    >>> _qualified(NounGraph.load(), "crane", "crane.n.05")
    'crane (wading bird)'
    """
    above = graph.hypernyms(graph.index(code))
    return f"{name} ({called(graph, above[0])})" if above else name


def _is_plain(wnid: str) -> bool:
    return not wnid or WNID.fullmatch(wnid) is not None


def _known(label: Label, graph: NounGraph) -> Label:
    if SYNSET.fullmatch(label.name) is None:
        return label if _is_plain(label.wnid) else replace(label, wnid=_wnid(graph, label.wnid))
    try:
        node = graph.index(label.wnid or label.name)
    except LabelError as error:
        raise LabelError(
            f"The class {label.id!r}: {error} Or give it a name, in a CSV file with the columns id "
            "and name."
        ) from error
    definition = label.definition or graph.definition(node)
    wnid = graph.wnid(node) if label.wnid else ""
    return replace(label, name=called(graph, node), definition=definition, wnid=wnid)


def _wnid(graph: NounGraph, synset: str) -> str:
    """Return the wnid of a synset's name; empty where WordNet 3.0 lacks it."""
    try:
        return graph.wnid(graph.index(synset))
    except LabelError:
        return ""


def called(graph: NounGraph, node: int) -> str:
    """Return what people call a synset: its first lemma, with spaces.

    >>> graph = NounGraph.load()
    >>> called(graph, graph.index("n02510455"))
    'giant panda'
    """
    return graph.lemmas(node)[0].replace("_", " ")


def display_names(
    ids: Iterable[str], labels: LabelSet | Path | str | None = None, graph: NounGraph | None = None
) -> dict[str, str]:
    """Return names by id: those of a label set, or WordNet's for ids that are its codes.

    Args:
        ids: of classes, such as a tree's leaves.
        labels: the set, as `get_labels` takes it; None where only WordNet is asked.
        graph: the noun graph [the shipped one].

    Raises:
        LabelError: there is no such set, or it names a code that WordNet does not have.

    >>> display_names(["n02084071", "cat"])
    {'n02084071': 'dog'}
    """
    if labels is not None:
        return {label.id: label.name for label in known(get_labels(labels), graph)}
    codes = [one for one in ids if SYNSET.fullmatch(one)]
    if not codes:
        return {}
    graph, found = graph or NounGraph.load(), dict[str, int]()
    wnids = [code for code in codes if WNID.fullmatch(code)]
    found.update(zip(wnids, graph.indices(wnids).tolist(), strict=True))
    for code in set(codes).difference(wnids):
        with contextlib.suppress(LabelError):
            found[code] = graph.index(code)
    nodes = {code: found[code] for code in codes if found.get(code, -1) >= 0}  # the others unknown
    lemmas = graph.first_lemmas(np.array(list(nodes.values()), dtype=np.int64))
    return {code: lemma.replace("_", " ") for code, lemma in zip(nodes, lemmas, strict=True)}


def misfits(labels: LabelSet, graph: NounGraph | None = None) -> dict[str, str]:
    """Return the labels whose wnid is none of the synsets that their names can mean.

    A name that WordNet does not have fits every wnid, and so does one of which a sense is a kind of
    the synset or the other way round: a class `lamp` may well be table lamps.

    Args:
        labels: the classes.
        graph: the noun graph [the shipped one].

    Returns:
        what the wnid stands for, by label id.

    Raises:
        LabelError: a wnid that WordNet 3.0 does not have.

    >>> from taxonomy.labels import Label
    >>> misfits(LabelSet([Label("cat", wnid="n02084071"), Label("dog", wnid="n02084071")]))
    {'cat': 'dog.n.01'}
    """
    graph = graph or NounGraph.load()
    found = {}
    for label in labels:
        if not label.wnid or SYNSET.fullmatch(label.name):
            continue
        node = graph.index(label.wnid)
        if fold(label.name) in map(str.lower, graph.lemmas(node)):
            continue  # by far the most, and the quickest to see
        senses = graph.senses(label.name) or graph.senses(label.name.replace("-", " "))
        if senses and node not in senses and not _related(graph, node, senses):
            found[label.id] = graph.name(node)
    return found


def misfit_note(labels: LabelSet) -> str:
    """Return in one sentence which wnids do not fit their names; empty where all do.

    Raises:
        LabelError: a wnid that WordNet 3.0 does not have.
    """
    if not (wrong := misfits(labels)):
        return ""
    pairs = ", ".join(f"{label} is {synset}" for label, synset in list(wrong.items())[:5])
    ids = "id of 1 label does not fit its name"
    if len(wrong) > 1:
        ids = f"ids of {len(wrong)} labels do not fit their names"
    return f"the WordNet {ids}; check: {pairs}{' …' * (len(wrong) > 5)}"


def listed(labels: LabelSet) -> str:
    """Return labels one a line, how many there are, and which wnids do not fit their names.

    >>> print(listed(LabelSet(["n02084071", "n02121620"])).splitlines()[-1][:37])
    2 labels, 2 with a WordNet id; digest
    """
    lines = [f"{x.id}\t{x.name}\t{x.wnid or '-'}\t{x.definition}" for x in labels]
    with_wnid = sum(bool(label.wnid) for label in labels)
    count = f"{len(labels)} label{'s' * (len(labels) > 1)}, {with_wnid} with a WordNet id"
    return "\n".join(
        [*lines, f"{count}; digest {labels.digest[:12]}", *_if_any(misfit_note(labels))]
    )


def _if_any(text: str) -> list[str]:
    return [text] if text else []


def _related(graph: NounGraph, node: int, senses: Iterable[int]) -> bool:
    above = ancestors(graph, node)
    return any(one in above or node in ancestors(graph, one) for one in senses)
