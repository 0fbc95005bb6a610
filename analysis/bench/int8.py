"""What int8 saves and loses: the experts of ``icons/tree`` for the coherent tasks of five classes.

    make bench-int8

Each expert is bundled in floats and in int8 (calibrated on the training pictures of its classes)
and measured on their validation pictures. Beside them, for ONNX how far a runtime is off that
computes the int8 model in floats, as one without whole-number kernels does: the self-test has to
allow it; for TFLite how much memory TFLite-Micro's interpreter needs, and how far its answers are
from LiteRT's. Only sizes, answers and logits are measured, no times. Writes ``int8.csv`` and
``int8.json``, and ``int8-tflite.*``, as results.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pandas as pd

from taxonomy import TaxonomyError
from taxonomy.data import get_data
from taxonomy.export import ONNX, TFLite, bundle
from taxonomy.export.checking import made_up
from taxonomy.nets import get_net
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks

RESULTS = Path(__file__).parents[1] / "results"
SIZE = 5
DEVICES = {"onnx": "", "tflite": "-tflite"}
"""Targets, and what is added to the names of their results."""
PACKAGES = {"onnx": ("onnx", "onnxruntime"), "tflite": ("ai-edge-litert", "tflite-micro")}


def main() -> None:
    """Bundle every expert and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="only every so many tasks [1]")
    parser.add_argument("--target", choices=DEVICES, default="onnx", help="[onnx]")
    parser.add_argument("--out", type=Path, help="[results]")
    arguments = parser.parse_args()
    name, target = f"int8{DEVICES[arguments.target]}", arguments.target
    out, options = arguments.out or RESULTS / name, {"micro": True} if target == "tflite" else {}
    net, data = get_net("icons/tree"), get_data("icons")
    tasks = list(get_tasks("icons").select("coherent", SIZE))
    rows, refused = [], []
    with tempfile.TemporaryDirectory() as place:
        for task in tasks[:: arguments.every]:
            try:
                known = {"precision": "int8", "calibration": data, **options}
                made = bundle(net, f"{place}/b", target, classes=task.classes, **known)
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
                    **elsewhere(made.path / made.manifest["model"], made_up(net)),
                }
            )
    table = pd.DataFrame(rows)
    write_text(out.with_suffix(".csv"), table.to_csv(index=False))
    figures = {
        "experts": len(table),
        "refused": refused,
        **{f"mean_{name}": round(float(table[name].mean()), 4) for name in table.columns[1:]},
        "largest_bytes": int(table["bytes"].max()),
        "most_points_lost": float(table["points_lost"].max()),
        "least_agreement": float(table["agreement"].min()),
        **{f"largest_{name}": float(table[name].max()) for name in table.columns[8:]},
    }
    facts = {"command": f"python analysis/bench/int8.py --target {target}", **figures}
    facts |= {"versions": versions("numpy", "torch", *PACKAGES[target]), **stamp()}
    write_json(out.with_suffix(".json"), facts)
    print(figures)


def elsewhere(file: Path, pictures: np.ndarray) -> dict[str, float]:
    """Return what a model needs, and how it answers, in another runtime of its format."""
    if file.suffix == ".onnx":
        return {"computed_in_floats": round(off(*in_floats(file, pictures)), 4)}
    arena, micro = on_a_microcontroller(file, pictures)
    return {"arena_bytes": arena, "micro": round(off(TFLite().runner(file)(pictures), micro), 4)}


def off(known: np.ndarray, found: np.ndarray) -> float:
    """Return how far logits are off, over the largest one where that is above 1."""
    return float(np.abs(found - known).max() / max(1.0, np.abs(known).max()))


def in_floats(file: Path, pictures: np.ndarray) -> list[np.ndarray]:
    """Return the logits of onnxruntime with its whole-number kernels, and without them."""
    answers = []
    levels = onnxruntime.GraphOptimizationLevel
    for level in (levels.ORT_ENABLE_ALL, levels.ORT_DISABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.intra_op_num_threads = 1
        model = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        answers.append(ONNX().run(model, pictures))
    return answers


def on_a_microcontroller(file: Path, pictures: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the fewest bytes (to 256) that TFLite-Micro needs, and its logits.

    In a process of its own, as the interpreter writes about every arena that is too small.
    """
    with tempfile.TemporaryDirectory() as place:
        np.save(f"{place}/pictures.npy", np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)))
        words = [sys.executable, "-c", MICRO, str(file), place]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return int(done.stdout), np.load(f"{place}/logits.npy")


MICRO = """
import sys
import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter

file, place = sys.argv[1:]
data, low, high = open(file, "rb").read(), 0, 1 << 24
while high - low > 256:
    middle = (low + high) // 2
    try:
        Interpreter.from_bytes(data, arena_size=middle)
        high = middle
    except RuntimeError:
        low = middle
model, logits = Interpreter.from_bytes(data, arena_size=high), []
for picture in np.load(f"{place}/pictures.npy"):
    model.set_input(picture[None], 0)
    model.invoke()
    logits.append(model.get_output(0)[0])
np.save(f"{place}/logits.npy", np.stack(logits))
print(high)
"""


if __name__ == "__main__":
    main()
