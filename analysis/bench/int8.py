"""What int8 saves and loses: the experts of ``icons/tree`` for the coherent tasks of five classes.

    make bench-int8

Each expert is bundled in floats and in int8 (calibrated on the training pictures of its classes)
and measured on their validation pictures. Beside them, how far a runtime is off that computes the
int8 model in floats, as one without whole-number kernels does: the self-test has to allow it. Only
sizes, answers and logits are measured, no times. Writes ``int8.csv`` and ``int8.json`` as results.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pandas as pd

from taxonomy import TaxonomyError
from taxonomy.data import get_data
from taxonomy.export import ONNX, bundle
from taxonomy.export.checking import made_up
from taxonomy.nets import get_net
from taxonomy.study.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks

RESULTS = Path(__file__).parent.parent / "results"
SIZE = 5


def main() -> None:
    """Bundle every expert and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="only every so many tasks [1]")
    parser.add_argument("--out", type=Path, default=RESULTS / "int8", help="[results]")
    arguments = parser.parse_args()
    net, data = get_net("icons/tree"), get_data("icons")
    tasks = [t for t in get_tasks("icons") if t.kind == "coherent" and len(t.classes) == SIZE]
    rows, refused = [], []
    with tempfile.TemporaryDirectory() as place:
        for task in tasks[:: arguments.every]:
            try:
                made = bundle(
                    net, f"{place}/b", classes=task.classes, precision="int8", calibration=data
                )
            except TaxonomyError as error:
                refused.append(f"{task.id}: {error}")
                continue
            measured = made.manifest["measured"]
            lost = measured["int8"]
            rows.append(
                {
                    "task": task.id,
                    "bytes_in_floats": measured["bytes_in_floats"],
                    "bytes": made.manifest["cost"]["bytes"],
                    "pictures": measured["accuracy"]["pictures"],
                    "accuracy_in_floats": lost["accuracy_in_floats"]["top1"],
                    "accuracy": measured["accuracy"]["top1"],
                    "points_lost": lost["points_lost"],
                    "agreement": lost["agreement"],
                    "computed_in_floats": round(gap(made.path / "model.onnx", made_up(net)), 4),
                }
            )
    table = pd.DataFrame(rows)
    write_text(arguments.out.with_suffix(".csv"), table.to_csv(index=False))
    figures = {
        "experts": len(table),
        "refused": refused,
        **{f"mean_{name}": round(float(table[name].mean()), 4) for name in table.columns[1:8]},
        "largest_bytes": int(table["bytes"].max()),
        "most_points_lost": float(table["points_lost"].max()),
        "least_agreement": float(table["agreement"].min()),
        "most_off_computed_in_floats": float(table["computed_in_floats"].max()),
    }
    facts = {"command": "python analysis/bench/int8.py", **figures}
    facts |= {"versions": versions("numpy", "torch", "onnx", "onnxruntime"), **stamp()}
    write_json(arguments.out.with_suffix(".json"), facts)
    print(figures)


def gap(file: Path, pictures: np.ndarray) -> float:
    """Return how far a model is off without its whole-number kernels, over the largest logit."""
    answers = []
    levels = onnxruntime.GraphOptimizationLevel
    for level in (levels.ORT_ENABLE_ALL, levels.ORT_DISABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.intra_op_num_threads = 1
        model = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        answers.append(ONNX().run(model, pictures))
    whole, plain = answers
    return float(np.abs(whole - plain).max() / max(1.0, np.abs(whole).max()))


if __name__ == "__main__":
    main()
