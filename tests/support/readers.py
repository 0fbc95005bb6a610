"""Every reader of files, with valid files of its kind, how they are changed, and what is read.

A reader's ``read`` does with a file what the toolkit does: reads it, and what is read late as well.
"""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from taxonomy._core.io import digest
from taxonomy.design import NetSpec
from taxonomy.formats import FORMATS
from taxonomy.labels import get_labels
from taxonomy.nets import get_net, save_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import Similarity
from taxonomy.similarity._vectors import FILE as VECTORS
from taxonomy.similarity._vectors import cached
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support import read_answers as answers
from tests.support import read_trainings as trainings
from tests.support import read_values as values
from tests.support.mutant_files import (
    in_gzip,
    in_xz,
    of_npy,
    of_npz,
    of_parquet,
    of_safetensors,
    of_sqlite,
)
from tests.support.mutants import Change, changed_bytes, of_json, of_lines, of_pieces, of_table
from tests.support.read_trees import corpus, pieces_or, read_as

LARGEST = 1 << 22
"""Bytes of a changed file, so that what is small in time and memory is the reading."""


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Args:
        name: for people.
        file: the file's name.
        seeds: makes valid files' bytes, in an empty folder.
        change: of such a file, knowing what is in it.
        read: what the toolkit does with a file.
        write: writes what was read to another file; None for what only is read.
        digest: of what was read.
        read_written: reads what ``write`` wrote, where that is of another kind.
        names_file: whether messages name the file; what comes from a server is in none.
        needs: a package of an extra that it cannot do without.
    """

    name: str
    file: str
    seeds: Callable[[Path], list[bytes]]
    change: Change
    read: Callable[[Path], Any]
    write: Callable[[Any, Path], object] | None = None
    digest: Callable[[Any], object] = lambda value: value.digest
    names_file: bool = True
    read_written: Callable[[Path], Any] | None = None
    needs: str = ""

    @property
    def read_again(self) -> Callable[[Path], Any]:
        """What reads a file that ``write`` has written."""
        return self.read_written or self.read

    def mutant(self, number: int, seeds: list[bytes]) -> bytes:
        """Return a changed file's bytes, the same for the same number."""
        random = Random(f"{self.name} {number}")
        data = seeds[number % len(seeds)]
        for _ in range(random.choice([1, 1, 2])):
            try:
                with warnings.catch_warnings(action="error"):  # the same wherever it is called
                    data = (changed_bytes if random.random() < 0.3 else self.change)(data, random)
            except Exception:  # noqa: BLE001 - what was broken before cannot be taken apart again
                data = changed_bytes(data, random)
        return data[:LARGEST]


def _saved(*values: Any, name: str) -> Callable[[Path], list[bytes]]:
    """Return what makes the bytes of saved values."""

    def seeds(folder: Path) -> list[bytes]:
        made = []
        for value in values:
            value.save(folder / name)
            made.append((folder / name).read_bytes())
        return made

    return seeds


def _texts(*texts: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [text.encode() for text in texts]


def _save_npz(value: Any, path: Path) -> None:
    value.save(path.with_suffix(".npz"))


def _save(value: Any, path: Path) -> None:
    value.save(path)


def _save_csv(value: Any, path: Path) -> None:
    value.save(path.with_suffix(".csv"))


def _save_tree(tree: Hierarchy, path: Path) -> None:
    tree.save(path.with_suffix(".json"))


def _npz(value: Any) -> Callable[[Path], list[bytes]]:
    return _saved(value, name="x.npz")


READERS = (
    Reader(
        "hierarchy",
        "tree.json",
        _saved(values.TREE, Hierarchy.star(values.FOUR.ids), name="t.json"),
        of_json,
        Hierarchy.load,
        _save,
    ),
    Reader(
        "labels as CSV",
        "labels.csv",
        _saved(values.FOUR, name="l.csv"),
        of_table,
        get_labels,
        _save,
    ),
    Reader(
        "labels as text",
        "labels.txt",
        _texts("ant\nbee\n\n# x\ncar\nvan\n"),
        of_table,
        get_labels,
        _save_csv,
    ),
    Reader(
        "labels as JSON",
        "labels.json",
        _texts(
            '["ant", "bee", "car", "van"]',
            '{"names": {"0": "ant", "1": "bee"}, "nc": 2}',
            '{"0": ["n02219486", "ant"], "1": ["n02206856", "bee, honey_bee"]}',
            '[{"id": 1, "name": "ant", "synset": "ant.n.01"}, {"id": 2, "name": "bee"}]',
        ),
        of_json,
        get_labels,
        _save_csv,
    ),
    Reader(
        "labels as YAML",
        "labels.yaml",
        _texts("nc: 2\nnames:\n  0: ant\n  1: 'bee'\n", "names: [ant, bee, car]  # three\n"),
        of_pieces,
        get_labels,
        _save_csv,
    ),
    Reader(
        "labels, compressed",
        "labels.csv.gz",
        lambda folder: [gzip.compress(values.FOUR.to_csv().encode())],
        in_gzip(of_table),
        get_labels,
        _save_csv,
    ),
    Reader(
        "tasks as JSON",
        "tasks.json",
        _saved(values.TASKS, name="t.json"),
        of_json,
        TaskList.load,
        _save,
    ),
    Reader(
        "tasks as CSV",
        "tasks.csv",
        _texts("ant,bee\n3,car,van\n# x\nant,van,bee\n"),
        of_table,
        lambda p: TaskList.load(p, values.FOUR.ids),
        lambda v, p: v.save(p.with_suffix(".json")),
        read_written=TaskList.load,
    ),
    Reader(
        "specification",
        "spec.json",
        _saved(values.SPEC, NetSpec.flat(), values.GATED, name="s.json"),
        of_json,
        values.costed,
        _save,
    ),
    Reader("similarity, dense", "dense.npz", _npz(values.DENSE), of_npz, Similarity.load, _save),
    Reader("similarity, sparse", "sparse.npz", _npz(values.SPARSE), of_npz, Similarity.load, _save),
    Reader(
        "similarity as CSV",
        "scores.csv",
        _texts(values.table(","), values.table(";", True), values.table("\t")),
        of_table,
        values.precomputed,
        _save_npz,
        read_written=Similarity.load,
    ),
    Reader(
        "similarity as npy",
        "scores.npy",
        values.npys,
        of_npy,
        values.precomputed,
        _save_npz,
        read_written=Similarity.load,
    ),
    Reader(
        "similarity as npz",
        "scores.npz",
        values.tables,
        of_npz,
        values.precomputed,
        _save_npz,
        read_written=Similarity.load,
    ),
    Reader(
        "similarity as parquet",
        "scores.parquet",
        values.parquets,
        of_parquet,
        values.precomputed,
        _save_npz,
        read_written=Similarity.load,
        needs="pyarrow",
    ),
    Reader(
        "predictions",
        "predictions.npz",
        _npz(values.PREDICTIONS),
        of_npz,
        Predictions.load,
        _save,
    ),
    Reader(
        "anybody's predictions as CSV",
        "answers.csv",
        _texts(*values.ANSWERS),
        of_table,
        values.scored,
        digest=str,
    ),
    Reader("anybody's predictions as npz", "answers.npz", values.answers, of_npz, values.scored),
    Reader(
        "class features",
        "features.npz",
        _npz(values.FEATURES),
        of_npz,
        ClassFeatures.load,
        _save,
    ),
    Reader(
        "network",
        "net.safetensors",
        values.nets,
        of_safetensors,
        get_net,
        lambda net, path: save_net(path, net),
        lambda net: (weights_digest(net), net.spec.digest, net.hierarchy.digest),
    ),
    Reader(
        "checkpoint",
        "checkpoint.safetensors",
        trainings.checkpoints,
        of_safetensors,
        trainings.checkpoint,
        trainings.save_training,
        trainings.digest_of_training,
    ),
    Reader(
        "explorer's page",
        "explorer.html",
        values.pages,
        values.change_page,
        values.page,
        lambda page, path: page.save(path.with_suffix(".html")),
    ),
    Reader("bundle", "bundle.json", values.bundles, of_json, values.bundled),
    Reader("run", "any.json", trainings.runs, trainings.change_run, trainings.run_of),
    Reader(
        "series",
        "cells.jsonl",
        trainings.series,
        of_lines,
        trainings.rows,
        trainings.save_rows,
        digest,
    ),
    Reader(
        "transcript",
        "answers.jsonl.xz",
        answers.transcripts,
        in_xz(of_lines),
        answers.transcript,
        _save,
        lambda told: told,
    ),
    Reader("batch results", "results.jsonl", answers.results, of_lines, answers.imported),
    Reader("store", "store.sqlite", answers.stores, of_sqlite, answers.store),
    Reader(
        "replies",
        "reply.json",
        answers.replies,
        answers.change_reply,
        answers.reply,
        names_file=False,
    ),
    Reader(
        "embeddings",
        "embeddings.json",
        answers.embeddings,
        of_json,
        answers.embedded,
        names_file=False,
    ),
    Reader(
        "cache of vectors",
        VECTORS,
        values.vectors,
        of_sqlite,
        lambda p: cached(["ant", "bee", "new"], "m", values.numbered, p.parent),
    ),
    Reader(
        "groups of pictures",
        "groups.csv",
        _texts("file,group\ncat/1.png,a\ncat/2.png,a\ndog/1.png,b\n", "Group,File\n7,x.png\n"),
        of_table,
        values.grouped,
        digest=str,
    ),
    Reader(
        "descriptions of Open Images",
        "descriptions.csv",
        _texts("/m/0jbk,Animal\n/m/01yrx,Cat\n/m/0bt9lr,Dog\n"),
        of_table,
        values.described,
    ),
    Reader("picture", "x.png", values.pictures, changed_bytes, values.picture, digest=str),
    Reader("cache of arrays", "facts.json", values.facts, values.change_facts, values.cache),
    *(
        Reader(
            f"format {name}",
            "tree",
            partial(corpus, name),
            pieces_or(name),
            partial(read_as, name),
            _save_tree,
            read_written=Hierarchy.load,
            needs="rdflib" if name == "skos" else "",
        )
        for name in FORMATS
    ),
)
"""All readers."""
