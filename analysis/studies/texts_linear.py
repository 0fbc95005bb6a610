"""Linear models on the same words, masked to each task's classes, beside the study of texts.

    make texts

Two simple things to do with short texts, both trained in seconds: multinomial naive Bayes on the
words of a page, each counted once and weighted by its rarity (tf-idf; Rennie et al. 2003); and
linear discriminants of the mean of the words' vectors, which is what the network reads, without its
places. How strongly they are smoothed is chosen on validation. A class's weights are its own, so an
expert for k classes is k rows of them. First the study itself is brought to its end. Compares in
pairs with every setting of the study, and writes `results/texts.json`, `texts.png` and the tables
`texts-linear.csv`, `texts-settings.csv`, `texts-differences.csv` and `texts-trainings.csv`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import texts
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

from taxonomy.data import ImageFolder
from taxonomy.design.costs import expert_costs
from taxonomy.evaluation import mean_points
from taxonomy.plots import cost_accuracy_figure, save_figure
from taxonomy.predictions import Predictions
from taxonomy.studies.counting import count
from taxonomy.studies.engines import CELLS
from taxonomy.studies.plan import Plan
from taxonomy.studies.results import read_json, stamp, versions, write_json, write_text
from taxonomy.studies.store import Store
from taxonomy.studies.studying import study
from taxonomy.studies.uncertainty import Scored, estimate, holm, p_value, resample
from taxonomy.training import Run

RESULTS = texts.ROOT / "analysis/results"
SMOOTHING = (0.03, 0.05, 0.1, 0.2, 0.3)
SHRINKAGE = (0.01, 0.03, 0.1, 0.3)
"""What is tried: counts added to every word's, and the covariance's share of its diagonal."""

BESIDE = "linear, words"
"""The model that every other setting is compared with."""


class Fitted(NamedTuple):
    """A linear model: its answers, and what each class of an expert costs."""

    predictions: Predictions
    macs: float
    params: int
    strength: float
    seconds: float


Texts = Mapping[str, tuple[list[str], list[tuple[str, ...]]]]
"""Classes and words of the pages, by split."""


def main() -> None:
    """Finish the study, fit, score, compare, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--study", type=Path, default=Path("runs/texts/study"), help="its folder")
    done = study(texts.CONFIG, parser.parse_args().study)
    plan, cells = done.found.plan, Store(done.folder / CELLS)
    runs = {cell: Run(cells.run(cell)) for cell in plan.cells}
    parts = texts_of_pages()
    split = plan.config.split
    linear = {BESIDE: by_words(parts, split), "linear, embeddings": by_means(parts, split)}
    sizes = np.array([task.size for task in plan.tasks])
    scored, params = {}, {}
    for name, places in plan.settings.items():
        first = runs[places[0].cell]
        costs = expert_costs(first.spec, first.hierarchy, plan.tasks)
        answers = [runs[place.cell].predictions(split) for place in places]
        scored[name] = Scored([count(one, plan.tasks) for one in answers], costs.macs)
        params[name] = costs.params
    for name, model in linear.items():
        counts = count(model.predictions, plan.tasks)
        macs = np.round(model.macs * sizes).astype(np.int64)
        scored[name] = Scored([counts] * len(plan.config.seeds), macs)
        params[name] = model.params * sizes
    table = compared(plan, scored, params)
    write_text(RESULTS / "texts-linear.csv", table.to_csv(index=False, float_format="%.6g"))
    save_figure(RESULTS / "texts.png", drawn(plan, scored, params))
    for name in ("settings", "differences", "trainings"):
        text = (done.folder / f"{name}.csv").read_text(encoding="utf-8")
        write_text(RESULTS / f"texts-{name}.csv", text)
    made = read_json(done.folder / "manifest.json")
    del made["config"]["folder"], made["files"]
    facts = {
        "command": "make texts",
        "linear": {
            name: {
                "accuracy, all classes": model.predictions.accuracy(),
                "smoothing, chosen on validation": model.strength,
                "seconds for all that were tried": round(model.seconds, 1),
                "predictions": model.predictions.digest,
            }
            for name, model in linear.items()
        },
        "pages": {name: len(words) for name, (_, words) in parts.items()},
        "study": made,
        "versions": versions("numpy", "scipy", "torch", "scikit-learn"),
        **stamp(),
    }
    write_json(RESULTS / "texts.json", facts)
    print(table.round(4).to_string(index=False))
    print(facts["linear"])


def texts_of_pages() -> Texts:
    """Return the classes and words of the pages of every split, in the order of the data set."""
    known = texts.definitions()
    made: dict[str, tuple[list[str], list[tuple[str, ...]]]] = {}
    for file in ImageFolder(str(texts.PAGES)).files():
        names, words = made.setdefault(("train", "val", "test")[file.split], ([], []))
        names.append(file.name)
        words.append(texts.shown(known[file.name][file.path.stem]))
    return made


def by_words(parts: Texts, split: str) -> Fitted:
    """Return naive Bayes on which words there are."""
    weights = TfidfVectorizer(analyzer=list, binary=True)
    weights.fit(parts["train"][1])
    rows = {name: weights.transform(words) for name, (_, words) in parts.items()}
    each = rows[split].nnz / rows[split].shape[0]
    tried = {smoothing: MultinomialNB(alpha=smoothing) for smoothing in SMOOTHING}
    return best(tried, rows, parts, split, each, len(weights.vocabulary_) + 1)


def by_means(parts: Texts, split: str) -> Fitted:
    """Return linear discriminants of the mean of the words' bytes."""
    stamps = texts.word_bytes(texts.vocabulary(texts.definitions()))
    rows = {
        name: np.array([np.mean([stamps[w] for w in one], axis=0) for one in words])
        for name, (_, words) in parts.items()
    }
    tried = {
        share: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=share) for share in SHRINKAGE
    }
    return best(tried, rows, parts, split, texts.COMPONENTS, texts.COMPONENTS + 1)


def best(
    tried: Mapping[float, Any],
    rows: Mapping[str, Any],
    parts: Texts,
    split: str,
    macs: float,
    params: int,
) -> Fitted:
    """Return the model that is right most often on validation."""
    start = time.process_time()
    right = {
        strength: model.fit(rows["train"], parts["train"][0]).score(rows["val"], parts["val"][0])
        for strength, model in tried.items()
    }
    seconds = time.process_time() - start
    strength = max(right, key=right.__getitem__)
    model = tried[strength]
    classes = [str(name) for name in model.classes_]
    logits = model.predict_log_proba(rows[split])
    targets = np.searchsorted(classes, parts[split][0])
    answers = Predictions(classes, logits, targets, split, [""] * len(targets))
    return Fitted(answers, macs, params, strength, seconds)


def compared(plan: Plan, scored: Mapping[str, Scored], params: Mapping[str, Any]) -> pd.DataFrame:
    """Return every setting's means by kind of task, and how they differ from the words' model."""
    keys = [(task.kind, task.reference, task.size) for task in plan.tasks]
    kinds = list(dict.fromkeys(keys))
    masks = np.array([[key == kind for key in keys] for kind in kinds])
    found = resample(scored, masks, [kinds.index(key) for key in keys], plan.config.resamples)
    rows = []
    for i, (kind, reference, size) in enumerate(kinds):
        of_kind = []
        for name, means in found.items():
            row: dict[str, object] = {"kind": kind, "reference": reference, "size": size}
            row |= {
                "setting": name,
                "macs": means.macs[i, 0],
                "params": params[name][masks[i]].mean(),
            }
            row |= estimate(means.accuracy[i])._asdict()
            differs = means.accuracy[i] - found[BESIDE].accuracy[i]
            row |= {f"beside_words_{end}": x for end, x in estimate(differs)._asdict().items()}
            of_kind.append(row | {"p": np.nan if name == BESIDE else p_value(differs)})
        for row, corrected in zip(of_kind, holm([row["p"] for row in of_kind]), strict=True):
            rows.append(row | {"p_corrected": corrected})
    return pd.DataFrame(rows).rename(columns={"value": "accuracy"})


def drawn(plan: Plan, scored: Mapping[str, Scored], params: Mapping[str, Any]) -> Any:
    """Return accuracy over cost, with the linear models among the networks."""
    shown = {
        name: pd.DataFrame(
            {
                "task": [task.id for task in plan.tasks],
                "kind": [task.kind for task in plan.tasks],
                "reference": [task.reference for task in plan.tasks],
                "size": [task.size for task in plan.tasks],
                "accuracy": np.mean([one.accuracy for one in setting.counts], axis=0),
                "macs": setting.macs,
                "params": params[name],
            }
        )
        for name, setting in scored.items()
    }
    note = f"{plan.config.split} split; bars: standard error over tasks"
    linear = [name for name in shown if name.startswith("linear")]
    figure = cost_accuracy_figure(mean_points(shown), plan.flat, plan.config.size, note, linear)
    for axes in figure.axes:  # five decades: too many for a label at every step
        axes.xaxis.set_major_locator(LogLocator())
        axes.xaxis.set_major_formatter(LogFormatterSciNotation())
        axes.xaxis.set_minor_locator(NullLocator())
    return figure


if __name__ == "__main__":
    main()
