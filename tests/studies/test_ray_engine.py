"""Cells on a real Ray cluster of two nodes on this machine, of which one is killed."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

import taxonomy as tx
from taxonomy._core.errors import TrainingError
from taxonomy.studies import RayEngine
from tests.support.studies import Inline, study_folder, tables

ROOT = Path(__file__).parents[2]
EPOCHS = 25


def test_a_number_of_retries_is_none_below_zero():
    with pytest.raises(TrainingError, match="`retries` is -1"):
        RayEngine(retries=-1)


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of two nodes of one core each; and no thread count but Ray's own."""
    pytest.importorskip("ray", reason="the cluster's tests need the extra ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False},
    )
    yield made
    made.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_node_that_is_killed_costs_its_cell_alone(cluster, tmp_path):
    """Everything finishes, no cell is stored twice, and the tables are those of one process."""
    import ray

    file = study_folder(tmp_path, EPOCHS)
    second = cluster.add_node(num_cpus=1)
    out = tmp_path / "ray"
    ray.init(cluster.address, log_to_driver=False)
    killed = []

    def kill():
        """Kill the second node while both are at a cell each."""
        while len(at_work(out)) < 2:
            time.sleep(0.05)
        killed.extend(at_work(out))
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        tx.study(file, out, engine=RayEngine(cluster.address), progress=False)
    finally:
        killer.join()
        ray.shutdown()
    assert len(killed) == 2
    cells = sorted(path.parent.name for path in (out / "cells").glob("*/done.json"))
    assert cells == sorted(path.name for path in (out / "cells").iterdir() if path.is_dir())
    assert len(cells) == 8
    tx.study(file, tmp_path / "local", engine=Inline(), progress=False)
    assert tables(out) == tables(tmp_path / "local")
    for cell in cells:  # each epoch once, whoever went on with it
        lines = (out / "cells" / cell / "run" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [*range(1, EPOCHS + 1)]


def at_work(out: Path) -> list[str]:
    """Return the cells of which an epoch is done and not all of them are."""
    return [
        path.parents[1].name
        for path in (out / "cells").glob("*/run/metrics.jsonl")
        if not (path.parents[1] / "done.json").exists()
    ]
