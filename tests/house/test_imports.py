"""Importing is cheap: heavy libraries come when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPTIONAL = {"torch", "openai", "nltk", "sentence_transformers", "transformers", "matplotlib", "PIL"}
OPTIONAL |= {"onnx", "onnxruntime"}
HEAVY = OPTIONAL | {"scipy", "networkx", "pandas", "tqdm", "safetensors"}


def modules_after(code: str) -> set[str]:
    code += "; import sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in out.stdout.split()}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import taxonomy", HEAVY),
        ("import taxonomy.cli", OPTIONAL),
        ("from taxonomy import Hierarchy, LabelSet, NetSpec, get_source, get_builder", HEAVY),
        ("from taxonomy.builders import get_builder as g; g('cluster'); g('hypernyms')", HEAVY),
        ("from taxonomy.similarity import SOURCES as s; [s.get(n) for n in s]", HEAVY),
        (
            "import taxonomy.design.costs, taxonomy.predictions, taxonomy.tasks, taxonomy.data",
            HEAVY,
        ),
        ("from taxonomy import evaluate", HEAVY),
        ("from taxonomy.formats import FORMATS as f; [f.get(n) for n in f]", HEAVY | {"rdflib"}),
        ("from taxonomy import get_tree; get_tree('icons/wordnet')", HEAVY | {"yaml", "rdflib"}),
        ("from taxonomy.design import *", HEAVY),
        ("from taxonomy import NetSpec, cost, design_search, get_tasks; get_tasks('icons')", HEAVY),
        ("from taxonomy.data import DATASETS as d; [d.get(n) for n in d]", HEAVY | {"datasets"}),
    ],
)
def test_what_stays_out(code, absent):
    assert modules_after(code) & absent == set()


def test_every_public_name_is_there():
    import taxonomy

    for name in taxonomy.__all__:
        assert getattr(taxonomy, name) is not None
    assert set(taxonomy.__all__) <= set(dir(taxonomy))
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = taxonomy.nothing
