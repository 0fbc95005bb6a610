"""WordNet's definitions as pages of words, which the ordinary network reads: a study of texts.

    make texts
    python analysis/studies/texts.py tasks      (draws the frozen `inputs/definitions-tasks.json`)

A class is a noun synset with at least 75 nouns below it, instances left out, none of whose hyponyms
has as many; its texts are the definitions of the nouns below, at most 100 of them. What lies below
two classes is left out, and so is every word of any class's own names, in every definition. A page
is a picture of 4 by 4 patches of 8 by 8 pixels in reading order. A patch is a word: 192 components
of its vector, as bytes; an empty patch is white. So the network is the ordinary one, and its first
stage, which cuts the picture into patches, is one linear map of words' vectors. The splits are
drawn by synset, as those of every folder of pictures are by file.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from safetensors import safe_open
from tokenizers import Tokenizer

import taxonomy as tx
from taxonomy.labels import Label, LabelSet
from taxonomy.similarity.embedding import packaged_model
from taxonomy.tasks import sample_coherent, sample_mixed, sample_random
from taxonomy.wordnet import NounGraph

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "analysis/studies/texts.toml"
PAGES = Path("runs/texts/pages")
TASKS = ROOT / "analysis/inputs/definitions-tasks.json"

LEAST_BELOW, LEAST, MOST = 75, 40, 100
"""Nouns below a class; its definitions at least, after all is left out; and at most."""

ROWS, PATCH = 4, 8
"""Words a row, and rows; pixels a word's side."""

SIZES, PER_SIZE, SEED = (5, 10, 20), 100, 281
"""Classes a task; coherent tasks of each size and reference, as many mixed ones in all."""

COMPONENTS = 3 * PATCH * PATCH
WORD = re.compile(r"[a-z]+")

Bytes = npt.NDArray[np.uint8]


def classes_of(graph: NounGraph) -> dict[int, list[int]]:
    """Return the nouns below every class that are below no other one, by the class's synset."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(~graph.hypernym_is_instance):
        node = int(np.searchsorted(graph.hypernym_indptr, place, side="right")) - 1
        children[int(graph.hypernym_indices[place])].append(node)

    @cache
    def below(node: int) -> frozenset[int]:
        return frozenset(children[node]).union(*map(below, children[node]))

    large = {node for node in list(children) if len(below(node)) >= LEAST_BELOW}
    lowest = sorted(node for node in large if large.isdisjoint(children[node]))
    times = Counter(one for node in lowest for one in below(node))
    return {node: sorted(one for one in below(node) if times[one] == 1) for node in lowest}


def names_of(graph: NounGraph, nodes: Iterable[int]) -> frozenset[str]:
    """Return every word of the names of some synsets."""
    return frozenset(w for node in nodes for x in graph.lemmas(node) for w in words_of(x))


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case.

    >>> words_of("Any of various (non-woody) plants")
    ['any', 'of', 'various', 'non', 'woody', 'plants']
    """
    return WORD.findall(text.lower())


def without(words: Sequence[str], names: frozenset[str], graph: NounGraph) -> tuple[str, ...]:
    """Return the words that are none of the names, nor their plurals."""
    return tuple(word for word in words if names.isdisjoint(_forms(word, graph)))


def _forms(word: str, graph: NounGraph) -> set[str]:
    endings = {"s": "", "es": "", "ies": "y", "ves": "f", "men": "man"}
    made = {word.removesuffix(end) + new for end, new in endings.items() if word.endswith(end)}
    return {word, *made, *graph.exceptions.get(word, ())}


@cache
def definitions() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the words of every class's definitions, by the names of synsets and wnids."""
    graph = NounGraph.load()
    found = classes_of(graph)
    names = names_of(graph, found)
    texts = {
        node: {one: without(words_of(graph.definition(one)), names, graph) for one in below}
        for node, below in found.items()
    }
    owners: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for node, by_noun in texts.items():
        for words in by_noun.values():
            owners[words].add(node)
    made = {}
    for node, by_noun in texts.items():
        # The first of those that read the same, and none that another class has too.
        different = {words: one for one, words in reversed(by_noun.items()) if len(words) > 2}
        own = {graph.wnid(n): words for words, n in different.items() if len(owners[words]) == 1}
        if len(own) >= LEAST:
            kept = sorted(own, key=lambda wnid: hashlib.sha256(wnid.encode()).digest())[:MOST]
            made[graph.name(node)] = {wnid: own[wnid] for wnid in sorted(kept)}
    return dict(sorted(made.items()))


def shown(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a definition that have a place on its page: the first ones."""
    return tuple(words[: ROWS * ROWS])


def vocabulary(texts: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """Return all words that pages show, sorted."""
    return sorted(
        {word for own in texts.values() for words in own.values() for word in shown(words)}
    )


def word_bytes(words: Sequence[str]) -> dict[str, Bytes]:
    """Return every word's bytes: its vector's principal components over all of the words.

    The vector is the mean of those that the packaged model of names starts from, its table of the
    parts of words, so that nothing is computed with the model and no text but the word counts.
    """
    folder = packaged_model()
    with safe_open(folder / "model.safetensors", "numpy") as file:
        table = file.get_tensor("embeddings.word_embeddings.weight").astype(np.float64)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    encoded = tokenizer.encode_batch(list(words), add_special_tokens=False)
    vectors = np.array([table[one.ids].mean(axis=0) for one in encoded])
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :COMPONENTS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), range(COMPONENTS)])  # or each has two signs
    parts = centred @ axes
    most = np.quantile(np.abs(parts), 0.999)
    levels = np.clip(127.5 * (1 - parts / most), 0, 255).round().astype(np.uint8)
    return dict(zip(words, levels, strict=True))


def page(words: Sequence[str], stamps: Mapping[str, Bytes]) -> Bytes:
    """Return a text as a picture of its first words, uint8 (side, side, 3), white where none is."""
    patches = np.full((ROWS * ROWS, COMPONENTS), 255, dtype=np.uint8)
    for place, word in enumerate(shown(words)):
        patches[place] = stamps[word]
    square = patches.reshape(ROWS, ROWS, PATCH, PATCH, 3).transpose(0, 2, 1, 3, 4)
    return square.reshape(ROWS * PATCH, ROWS * PATCH, 3)


def write_pages(texts: Mapping[str, Mapping[str, Sequence[str]]], folder: Path) -> None:
    """Write every definition's page, ``CLASS/WNID.png``; whole or not at all."""
    stamps = word_bytes(vocabulary(texts))
    unfinished = folder.with_name(f"{folder.name}.part")
    for place in (unfinished, folder):
        shutil.rmtree(place, ignore_errors=True)
    for name, own in texts.items():
        (unfinished / name).mkdir(parents=True)
        for wnid, words in own.items():
            Image.fromarray(page(words, stamps)).save(unfinished / name / f"{wnid}.png")
    unfinished.rename(folder)
    print(f"{sum(map(len, texts.values())):,} pages of {len(texts)} classes in {folder}")


def draw_tasks(classes: Iterable[str]) -> tx.TaskList:
    """Draw tasks as the icons' are: from WordNet's own tree, one of embeddings, and at random."""
    labels = LabelSet(Label.of_word(name) for name in classes)
    trees = {
        "hypernyms": tx.generate(labels, builder="hypernyms").tree,
        "embedding": tx.generate(labels, source="embedding").tree,
    }
    tasks: list[tx.Task] = []
    for size in SIZES:
        for name, tree in trees.items():
            tasks += sample_coherent(tree, name, size, PER_SIZE, SEED)
            tasks += sample_mixed(tree, name, size, PER_SIZE // 2, SEED)
        tasks += sample_random(labels.ids, size, PER_SIZE, SEED)
    references = {name: tree.digest for name, tree in trees.items()}
    made = {"made_by": "analysis/studies/texts.py", "seed": SEED, "references": references}
    return tx.TaskList(tasks, labels.ids, made)


def main() -> None:
    """Write pages or tasks, and say what they are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("pages", "tasks"), help="what is made")
    texts = definitions()
    if parser.parse_args().what == "pages":
        write_pages(texts, PAGES)
    else:
        tasks = draw_tasks(texts)
        tasks.save(TASKS)
        print(f"{tasks}\nwritten to {TASKS}")


if __name__ == "__main__":
    main()
