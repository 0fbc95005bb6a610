"""Values in files, and what is read of them: trees, labels, numbers, networks, runs, caches."""

from __future__ import annotations

import contextlib
import json
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, SpecError, TaxonomyError, naming
from taxonomy.data import Pictures
from taxonomy.data._decode import decode
from taxonomy.data._decoded import Encoded, decoded
from taxonomy.data._groups import group_reader
from taxonomy.design import CONVNEXT, Bucket, Level, NetSpec, Stage, cost
from taxonomy.evaluation import score
from taxonomy.explorer import Explorer, Timing
from taxonomy.export import Bundle, bundle
from taxonomy.formats._format import Content
from taxonomy.formats.open_images import OpenImages
from taxonomy.labels import Label, LabelSet
from taxonomy.nets import build_net, save_net
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import (
    DenseSimilarity,
    Precomputed,
    Similarity,
    SparseSimilarity,
)
from taxonomy.similarity._vectors import FILE as VECTORS
from taxonomy.similarity._vectors import cached
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.explored import tiny_networks
from tests.support.mutant_files import of_npy
from tests.support.mutants import of_json

FOUR = LabelSet(
    [
        Label("ant", "ant", "a small insect, that works", "n02219486"),
        Label("bee", "bee", wnid="n02206856"),
        Label("car", "motor car"),
        Label("van", 'a "van"', "enclosed truck; größer"),
    ]
)
NESTED = [
    {"name": "insects", "support": 0.75, "merge_height": 0.25, "children": ["ant", "bee"]},
    {"name": "vehicles", "span": 5, "merge_height": 0.5, "children": ["car", "van"]},
]
TREE = Hierarchy.from_nested(
    {"merge_height": 1.0, "children": NESTED}, {"made_by": "hand", "of": [1]}
)
SPEC = NetSpec(
    trunk=(Stage(4, 0), Stage(6, 1, 2, CONVNEXT)),
    levels=(Level((Bucket(3), Bucket(5, least=3))),),
    resolution=16,
)

GATED = replace(SPEC, nesting="gate", head="cosine")

# Trees, labels, tasks, specifications.


def costed(path: Path) -> NetSpec:
    spec = NetSpec.load(path)
    with naming(path), contextlib.suppress(SpecError):  # a network of another depth than the tree
        cost(spec, TREE)
    return spec


TASKS = TaskList(
    [Task("0", ("ant", "bee"), "coherent", "mine", 3), Task("1", ("ant", "car", "van"))],
    FOUR.ids,
    {"made_by": "hand"},
)

# Anybody's predictions.

ANSWERS = (
    "image,label,prediction\na,ant,bee\nb,bee,bee\nc,car,vehicles\n",
    "id;ant;bee;car;van;target\n1;0.5;0.25;0.125;0.125;bee\n2;0.25;0.25;0.25;0.25;van\n",
    "image,class,score,true\na,ant,1.5,bee\na,bee,-2,bee\nb,ant,0.25,ant\nb,bee,3e-1,ant\n",
)


def scored(path: Path) -> Any:
    return score(path, TREE, resamples=3)


def answers(folder: Path) -> list[bytes]:
    """Return the bytes of an npz with scores, true classes and the classes of its columns."""
    np.savez_compressed(
        folder / "a.npz",
        logits=np.array([[1.5, -2, 0, 0.25], [0, 1, 2, 3]]),
        classes=np.array(FOUR.ids),
        target=np.array([0, 3]),
    )
    return [(folder / "a.npz").read_bytes()]


# Similarities.

VALUES = np.array([[1, 0.5, 0.25, 0], [0.5, 1, 0, 0.125], [0.25, 0, 1, 0.75], [0, 0.125, 0.75, 1]])
DENSE = DenseSimilarity(FOUR.ids, VALUES, {"made_by": "hand", "seed": 3})
SPARSE = SparseSimilarity(FOUR.ids, [0, 1, 2], [1, 3, 3], [0.5, 0.125, 0.75], {"made_by": "hand"})


def table(separator: str, commas: bool = False) -> str:
    rows = [
        ["", *FOUR.ids],
        *([name, *map(str, row)] for name, row in zip(FOUR.ids, VALUES, strict=True)),
    ]
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    return text.replace(".", ",") if commas else text


def precomputed(path: Path) -> Similarity:
    made = None
    for options in ({}, {"distances": True}, {"vectors": True}):
        try:
            made = Precomputed(str(path), **options)(FOUR)
        except FileFormatError:
            raise
        except TaxonomyError:
            if options.get("vectors"):
                raise
    return made


def npys(folder: Path) -> list[bytes]:
    np.save(folder / "x.npy", VALUES)
    return [(folder / "x.npy").read_bytes()]


def tables(folder: Path) -> list[bytes]:
    np.savez_compressed(folder / "x.npz", ids=np.array(FOUR.ids), scores=VALUES)
    return [(folder / "x.npz").read_bytes()]


def parquets(folder: Path) -> list[bytes]:
    frames = (pd.DataFrame(VALUES, FOUR.ids, FOUR.ids), pd.DataFrame({"id": FOUR.ids, "x": 1}))
    made = []
    for frame in frames:
        frame.to_parquet(folder / "x.parquet")
        made.append((folder / "x.parquet").read_bytes())
    return made


# What networks leave behind.

LOGITS = np.linspace(-2, 3, 24, dtype=np.float32).reshape(6, 4)
PREDICTIONS = Predictions(
    FOUR.ids,
    LOGITS,
    [0, 1, 2, 3, 0, 1],
    "val",
    ["Ann", "Bo", "Ann", "", "Bo", "x"],
    {"made_by": "hand"},
)
FEATURES = ClassFeatures(FOUR.ids, LOGITS.T, [3, 0, 4, 1], "val", LOGITS.T, {"made_by": "hand"})


@cache
def _net() -> Any:
    return build_net(SPEC, TREE, 0).eval()


def nets(folder: Path) -> list[bytes]:
    save_net(folder / "net.safetensors", _net())
    return [(folder / "net.safetensors").read_bytes()]


def bundles(folder: Path) -> list[bytes]:
    made = bundle(_net(), folder / "b", target="safetensors")
    return [(made.path / "bundle.json").read_bytes()]


def bundled(path: Path) -> tuple[Any, str]:
    made = Bundle.load(path.parent)
    return made.classes, made.to_text()


def pages(folder: Path) -> list[bytes]:
    timing = Timing(0.5, 0.25, 0.125, 0.02, 24, "onnxruntime", 1, "a laptop")
    made = Explorer.of(tiny_networks([f"c{i:02d}" for i in range(8)]), timings={"two": timing})
    return [made.save(folder / "page.html").read_bytes()]


def change_page(data: bytes, random: Random) -> bytes:
    """Change what a page holds, and often its digest, too, as somebody would who forges one."""
    text = data.decode()
    start = text.index(">", text.index('<script type="application/json"')) + 1
    end = text.index("</script>", start)
    held = of_json(text[start:end].encode(), random).decode(errors="surrogateescape")
    if random.random() < 0.8:
        with contextlib.suppress(ValueError, TypeError):
            old, new = (io.digest(json.loads(part)) for part in (text[start:end], held))
            text = text.replace(old, new)
    changed = text[:start] + held.replace("<", "\\u003c") + text[end:]
    return changed.encode(errors="surrogateescape")


def page(path: Path) -> Explorer:
    """Read a page and ask every network of it about the first classes."""
    found = Explorer.load(path)
    for name in found.networks:
        found.ask(name, found.classes[:2])
    return found


# Caches.


def vectors(folder: Path) -> list[bytes]:
    cached(["ant", "bee"], "m", numbered, folder)
    return [(folder / VECTORS).read_bytes()]


def numbered(texts: list[str]) -> Any:
    return np.array([[len(text), 1.0, 0.5] for text in texts], dtype=np.float32)


def _picture(row: int) -> Any:
    return np.full((3, 2, 2), row, dtype=np.uint8)


ENCODED = Encoded("s" * 64, "c" * 64, ["ant", "bee"], [0, 1], _picture, str)


def _decoded(folder: Path) -> Pictures:
    return decoded(ENCODED, 2, "skip", str(folder), workers=1)


def facts(folder: Path) -> list[bytes]:
    _decoded(folder)
    return [next(folder.glob("*.json")).read_bytes(), next(folder.glob("*.npy")).read_bytes()]


def change_facts(data: bytes, random: Random) -> bytes:
    return (of_json if data.startswith(b"{") else of_npy)(data, random)


def cache(path: Path) -> str:
    """Read a cache with other facts, and with another array."""
    folder = path.parent / "cache"
    for suffix in ("json", "npy"):
        _decoded(folder)
        next(folder.glob(f"*.{suffix}")).write_bytes(path.read_bytes())
        digest = _decoded(folder).digest
    return digest


# Pictures, and what stands beside them.


def grouped(path: Path) -> dict[str, str]:
    """Read which pictures belong together, and look some up."""
    of = group_reader(str(path))
    return {file: of(*file.split("/")) for file in ("cat/1.png", "dog/1.png", "cow/x.png")}


_DESCRIBED = b'{"LabelName": "/m/0jbk", "Subcategory": [{"LabelName": "/m/01yrx"}]}'


def described(path: Path) -> Hierarchy:
    """Read names beside a hierarchy of ids."""
    made = OpenImages(descriptions=str(path))
    with naming(path):
        return Hierarchy.from_raw(made.read(Content(_DESCRIBED, str(path)), "first").raw)


def pictures(folder: Path) -> list[bytes]:
    """Return a picture in every format that is met often, and grey ones of 16 bits."""
    ramp = np.arange(16 * 12 * 3, dtype=np.uint8).reshape(12, 16, 3)
    made = []
    for kind in ("png", "jpeg", "gif", "bmp", "webp", "tiff", "ppm"):
        Image.fromarray(ramp).save(folder / "x", kind)
        made.append((folder / "x").read_bytes())
    Image.fromarray(np.arange(192, dtype=np.uint16).reshape(12, 16)).save(folder / "x", "png")
    return [*made, (folder / "x").read_bytes()]


def picture(path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of notes that are damaged, and of sizes
        return io.array_digest(decode(path, 8))
