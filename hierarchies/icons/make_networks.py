"""Write the shipped networks of the icons from trainings of the study that chose them.

    make frontier                                        (hours; three seeds)
    python hierarchies/icons/make_networks.py [runs/frontier]

- ``networks/tree.safetensors``: the recommended tree network, over ``trees/llm-rows-24.json``.
- ``networks/flat.safetensors``: the flat width that is best on validation, the mean of three seeds.

Beside each stands, as JSON, what made it: the run's settings, digests, accuracies and machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from taxonomy import _io
from taxonomy.training import Run

HERE = Path(__file__).parent
RESULTS = HERE.parent.parent / "analysis" / "results"
SEED = 0
MOST_BYTES = 10_000_000


def main() -> None:
    """Choose, copy and describe."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="?", type=Path, default=Path("runs/frontier"))
    folder = parser.parse_args().runs
    claims = _io.read_json(RESULTS / "frontier-val.json")["claims"]["tree"]["coherent5"]
    settings = {"flat": claims["best_flat"], "tree": "tree"}
    chosen = {name: Run(folder / f"{setting}-{SEED}") for name, setting in settings.items()}
    size = sum((run.path / "model.safetensors").stat().st_size for run in chosen.values())
    if size > MOST_BYTES:
        raise SystemExit(f"The networks take {size:,} bytes; at most {MOST_BYTES:,} are shipped.")
    for name, run in chosen.items():
        weights = (run.path / "model.safetensors").read_bytes()
        _io.write_bytes(HERE / "networks" / f"{name}.safetensors", weights)
        command = f"python analysis/frontier.py --seeds {SEED} --only '{settings[name]}'"
        facts = {"setting": run.path.name, "command": command, **run.manifest}
        _io.write_json(HERE / "networks" / f"{name}.json", facts)
        print(f"{name}: {run.path.name}, {run.manifest['val_accuracy']:.2%} on validation")


if __name__ == "__main__":
    main()
