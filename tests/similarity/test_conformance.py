"""What every similarity source keeps, and every linkage of it; new ones are found by themselves."""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys

import numpy as np
import pytest

from taxonomy._core.errors import ClusteringError, TaxonomyError
from taxonomy.clustering.levels import bounded_levels, dendrogram, distances
from taxonomy.clustering.linkage import LINKAGES
from taxonomy.labels import LabelSet, get_labels
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import SOURCES, DenseSimilarity, embedding, get_source
from tests.support.choices import choices

LABELS = LabelSet(list(get_labels("icons"))[::7])
"""31 icons."""

SHUFFLES = 100


def precomputed(folder):
    """Write a matrix with many ties, as LLM scores have, and more labels than are asked for."""
    ids = [*LABELS.ids, "more"]
    values = np.random.default_rng(0).random((len(ids), len(ids))).round(1)
    values = np.maximum(values, values.T)
    np.fill_diagonal(values, 1)
    path = folder / "scores.csv"
    rows = [",".join([name, *map(str, row)]) for name, row in zip(ids, values, strict=True)]
    path.write_text("\n".join([",".join(["", *ids]), *rows]))
    return {"path": str(path)}


def visual(folder):
    """Write the arrays of a network that knows one class more than are asked for."""
    ids = [*LABELS.ids, "~more"]
    rng = np.random.default_rng(1)
    arrays = rng.random((len(ids), 8)), rng.integers(1, 9, len(ids))
    ClassFeatures(ids, *arrays, "val", rng.normal(size=(len(ids), 8))).save(
        folder / "features-val.npz"
    )
    targets = np.arange(len(ids)).repeat(3)
    logits = rng.normal(size=(len(targets), len(ids)))
    Predictions(ids, logits, targets, "val").save(folder / "predictions-val.npz")
    (folder / "model.safetensors").write_bytes(b"weights")
    return {"network": str(folder)}


OPTIONS = {
    "embedding": lambda _: {"template": "a picture of a {name}"},
    "llm": lambda _: {"transcript": "icons/llm-rows"},
    "mixture": lambda _: {"of": "2 wordnet measure=path; random seed=1", "scale": "quantile"},
    "precomputed": precomputed,
    "random": lambda _: {"seed": 3},
    "shuffled": lambda _: {"of": "wordnet measure=path", "seed": 2},
    "visual": visual,
    "wordnet": lambda _: {"measure": "path"},
}
"""How each source is made for these tests."""


def test_every_source_is_tested():
    assert set(OPTIONS) == set(SOURCES)


@pytest.fixture(scope="module", params=sorted(OPTIONS))
def source(request, tmp_path_factory):
    """Return a source; the embedding model is loaded once."""
    patch = pytest.MonkeyPatch()
    if request.param == "embedding":
        model = embedding.load_model(embedding.PACKAGED)
        patch.setattr(embedding, "load_model", lambda name: model)
    options = OPTIONS[request.param](tmp_path_factory.mktemp(request.param))
    yield get_source(request.param, **options)
    patch.undo()


@pytest.fixture(scope="module")
def similarity(source):
    return source(LABELS)


def test_is_a_similarity(similarity):
    values = similarity.values
    assert similarity.ids == LABELS.ids
    assert (values == values.T).all()
    assert ((values >= 0) & (values <= 1)).all()
    assert (np.diag(values) == 1).all()
    assert len(np.unique(values)) > 5


def test_is_deterministic_in_any_order(source, similarity):
    for seed in range(5):
        again = source(LabelSet(random.Random(seed).sample(list(LABELS), len(LABELS))))
        assert again.digest == similarity.digest
        assert again.provenance == similarity.provenance


def test_every_choice_is_a_similarity_or_is_refused(source):
    """Every value of every option that has a list of values, one at a time."""
    few = LABELS.restrict(LABELS.ids[::4])
    for option in choices(type(source)):
        chosen = dataclasses.replace(source, **option)
        try:
            made = chosen(few)
        except TaxonomyError as error:
            assert len(str(error)) > 40, option
            continue
        assert made.ids == few.ids
        assert ((made.values >= 0) & (made.values <= 1)).all(), option
        again = chosen(LabelSet(random.Random(1).sample(list(few), len(few))))
        assert (again.digest, again.provenance) == (made.digest, made.provenance), option


def test_says_what_made_it(source, similarity):
    assert type(source).__module__ == f"taxonomy.similarity.{similarity.provenance['made_by']}"
    assert similarity.provenance["labels"] == LABELS.digest


@pytest.mark.parametrize("method", LINKAGES)
def test_any_order_gives_the_same_trees_byte_for_byte(similarity, method):
    """Orders are shuffled 100 times, and every tree is the first one."""
    try:
        distances(similarity, method)
    except ClusteringError:
        # The linkage needs an inner product; among the sources, cosines of vectors are one.
        assert LINKAGES[method].euclidean
        assert similarity.provenance["made_by"] not in ("embedding", "visual")
        return

    def trees(one: DenseSimilarity) -> tuple[str, str]:
        made = dendrogram(one, method), bounded_levels(one, (3, 9), method)
        return made[0].to_json(), made[1].to_json()

    expected = trees(similarity)
    for seed in range(SHUFFLES):
        order = np.random.default_rng(seed).permutation(len(LABELS))
        ids = [similarity.ids[i] for i in order]
        mixed = DenseSimilarity(ids, similarity.values[np.ix_(order, order)], similarity.provenance)
        assert trees(mixed) == expected


def test_importing_sources_opens_no_connection_and_no_heavy_library():
    code = """
import socket, sys
def refuse(*_): raise AssertionError("a connection at import")
socket.socket.connect = socket.getaddrinfo = refuse
from taxonomy.similarity import SOURCES
for name in SOURCES: SOURCES.get(name)
heavy = {"torch", "sentence_transformers", "transformers", "nltk", "openai", "scipy", "pandas"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
