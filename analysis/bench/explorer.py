"""How the explorer's page grows with classes: bytes, and times in Chromium.

    make bench-explorer

The classes are ImageNet-21k's, the first of them by id; their trees have two levels of equal
groups; each page has a tree network and a flat one. Logits are drawn by chance so that a class
outdoes a picture's own as often as in ``icons/tree``, 13 times in 1,000; pictures are as many as
the icons' validation split has, and the table says what one more takes. Times are medians of five
openings, and of eleven ticks. Writes ``analysis/results/bench-explorer.csv`` and ``.json``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from taxonomy import Hierarchy, NetSpec, Predictions, get_labels
from taxonomy.explorer import Explorer
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import Task, TaskList
from taxonomy.training import Scored
from tests.support.devtools import Browser, browsing

RESULTS = Path(__file__).parents[1] / "results"
SIZES = (100, 1_000, 10_000, 21_841)
PICTURES = 1_603
LEAD = 3.15
"""By how many standard deviations of a logit the own class leads: 1.3 % of the others outdo it."""
OPENINGS, TICKS = 5, 11
TICK = """new Promise((done) => {
  const started = performance.now();
  document.querySelector('#tree .node:not(.top) > .box > .check').click();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - started), 0));
})"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def networks(ids: list[str]) -> dict[str, Scored]:
    """Return a tree network and a flat one over some classes, with drawn logits."""
    count = len(ids)
    groups = [list(part) for part in np.array_split(ids, max(2, round(count ** (1 / 3))))]
    size = max(2, round(count ** (1 / 3)))
    nested = [[list(part) for part in np.array_split(group, size)] for group in groups]
    shapes = {
        "tree": (Hierarchy.from_nested(nested), NetSpec.tree(levels=((48, 1), (32, 1)))),
        "flat": (Hierarchy.star(ids), NetSpec.flat()),
    }
    found = {}
    for seed, (name, (tree, spec)) in enumerate(shapes.items()):
        rng = np.random.default_rng(seed)
        logits = rng.standard_normal((PICTURES, count), dtype=np.float32)
        targets = np.random.default_rng(9).integers(0, count, PICTURES)
        logits[np.arange(PICTURES), targets] += LEAD
        found[name] = Scored(spec, tree, Predictions(tree.leaves, logits, targets, "val"))
    return found


def measured(browser: Browser, page: Path) -> dict[str, float]:
    """Return the times of one page in the browser, in milliseconds, and its memory."""
    paints = []
    for _ in range(OPENINGS):
        browser.open(page.as_uri())
        paints.append(
            browser.run(
                f"new Promise((done) => requestAnimationFrame(() => "
                f"setTimeout(() => done({PAINT}), 50)))"
            )
        )
    ticks = [browser.run(TICK) for _ in range(TICKS)]
    browser.ask("Performance.enable")
    metrics = {m["name"]: m["value"] for m in browser.ask("Performance.getMetrics")["metrics"]}
    return {
        "first_paint_ms": round(statistics.median(paints)),
        "tick_ms": round(statistics.median(ticks), 1),
        "heap_mb": round(metrics["JSHeapUsedSize"] / 1e6, 1),
    }


def main() -> None:
    """Make the pages, open them, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="classes of each page")
    arguments = parser.parse_args()
    every = sorted(get_labels("imagenet-21k").ids)
    rows = []
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        browser.show_as(1440, 960)
        for size in arguments.sizes:
            ids = every[:size]
            nets = networks(ids)
            started = time.perf_counter()
            page = Explorer.of(nets, tasks=TaskList([Task("five", tuple(ids[:5]))], ids))
            path = page.save(Path(folder) / f"{size}.html")
            seconds = time.perf_counter() - started
            answers = page.networks["tree"].answers
            rows.append(
                {
                    "classes": size,
                    "page_kb": round(path.stat().st_size / 1e3),
                    "answers_kb": round(len(answers.to_text()) / 1e3),
                    "bytes_a_picture": round(len(answers.to_text()) / PICTURES, 1),
                    "written_s": round(seconds, 2),
                    **measured(browser, path),
                }
            )
            print(pd.DataFrame(rows[-1:]).to_string(index=False), flush=True)
            assert browser.problems == []
        product = browser.ask("Browser.getVersion")["product"]
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-explorer.csv", table.to_csv(index=False))
    facts = {"command": "python analysis/bench/explorer.py", "pictures": PICTURES, "lead": LEAD}
    browsers = {"browser": product, "networks": 2}
    write_json(
        RESULTS / "bench-explorer.json", {**facts, **browsers, "versions": versions(), **stamp()}
    )


if __name__ == "__main__":
    main()
