"""Cells of a study on a Ray cluster; a node that is lost costs the cells that it was at."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from taxonomy._core.errors import TaxonomyError, TrainingError
from taxonomy._core.registry import require
from taxonomy.studies.engines import MOST_TRIES, POLL_SECONDS, Ended, Job, threads_environment
from taxonomy.studies.store import Store
from taxonomy.studies.working import BusyError, work_on

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RayEngine:
    """Tasks on a Ray cluster, one a cell, each with as many cores as the cell has threads.

    The nodes need this package and must reach the store: a shared folder or a URL. What Ray says of
    threads does not matter: a cell sets its own.

    Args:
        address: of the cluster, such as ``auto`` or ``ray://host:10001``; empty starts one on this
            machine.
        retries: how often a cell is begun again whose worker or node is lost.
    """

    address: str = ""
    retries: int = MOST_TRIES - 1

    def __post_init__(self) -> None:
        """Check the number."""
        if self.retries < 0:
            raise TrainingError(f"`retries` is {self.retries}; give 0 or a positive number.")

    def work(self, cells: Iterable[str], job: Job) -> Iterator[Ended | None]:
        """Ask the cluster for every cell; one that another worker is at is asked for again."""
        ray: Any = require("ray")
        mine = not ray.is_initialized()
        if mine:
            ray.init(self.address or None, log_to_driver=False, configure_logging=False)
        try:
            yield from self._work(ray, list(cells), job)
        finally:
            if mine:
                ray.shutdown()

    def _work(self, ray: Any, cells: list[str], job: Job) -> Iterator[Ended | None]:
        remote = ray.remote(on_node).options(
            num_cpus=job.threads,
            max_retries=self.retries,
            runtime_env={"env_vars": dict(threads_environment(job.threads))},
        )
        waiting = {remote.remote(job.store.place, cell): cell for cell in cells}
        while waiting:
            ready, _ = ray.wait([*waiting], timeout=POLL_SECONDS)
            if not ready:
                yield None
            for reference in ready:
                cell = waiting.pop(reference)
                try:
                    failure = ray.get(reference)
                except ray.exceptions.RayError as error:
                    failure = f"its worker was lost ({str(error).splitlines()[0]})"
                    job.store.fail(cell, failure)
                if failure is None:
                    waiting[remote.remote(job.store.place, cell)] = cell
                else:
                    yield Ended(cell, failure)


def on_node(place: str, cell: str) -> str | None:
    """Work on a cell; return why it failed, an empty text, or None where another worker is at it.

    Args:
        place: the store's.
        cell: its id.
    """
    store = Store(place)
    try:
        work_on(store, cell)
    except BusyError:
        return None
    except TaxonomyError as error:
        return str(error)
    return ""
