"""How often a proposed WordNet synset is the right one, by method and label set.

    python analysis/studies/senses.py

Only names are read: definitions and wnids are taken off before anything is proposed. The weights
of the votes are fitted on CIFAR-100; penalty and number of fellows are chosen by ImageNet-1k's
likelihood under weights that never saw it; the 212 icon classes take no part in either. A language
model's answers are replayed from the shipped transcripts; how far they are trusted is stated in
`taxonomy.wordnet.opinions`, and nothing about them was chosen by these figures. Writes
``analysis/results/senses.csv``, ``senses-mistakes.csv`` and ``senses.json``, and prints the weights
that `taxonomy.wordnet.senses` holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize

from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm.sensing import Senses
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import get_source
from taxonomy.similarity.embedding import PACKAGED
from taxonomy.study.results import stamp, versions, write_json, write_text
from taxonomy.wordnet import NounGraph, senses
from taxonomy.wordnet.opinions import TRUST, Opinion, mixed
from taxonomy.wordnet.readings import read_name
from taxonomy.wordnet.votes import Candidates

FloatArray = npt.NDArray[np.float64]
RESULTS = Path(__file__).parents[1] / "results"
GRAPH_VOTES = ("order", "frequency", "usage", "physical", "coherence")
EXTRA = {
    (False, False): (),
    (True, False): senses.EMBEDDED,
    (False, True): ("agreement",),
    (True, True): (*senses.EMBEDDED, "agreement"),
}
"""The votes beside the graph's, by whether embeddings and a similarity source are there."""
TITLES = {
    (False, False): "combined",
    (True, False): "combined, with embeddings",
    (False, True): "combined, with a source",
    (True, True): "combined, with both",
}
PENALTIES = (0.3, 1.0, 3.0, 10.0)
NEAREST = (3, 10, 20, 50)
FOLDS = 5
SEED = 0


def encode(texts: Sequence[str]) -> FloatArray:
    """Return the packaged model's vectors."""
    numbered = LabelSet(Label(f"{at:09d}", text) for at, text in enumerate(texts))
    return get_source("embedding").vectors(numbered)


@dataclass(frozen=True)
class Names:
    """A label set of which only ids and names are shown to the methods, and its true synsets."""

    title: str

    @cached_property
    def full(self) -> LabelSet:
        """The labels with all that is known about them."""
        return get_labels(self.title)

    @cached_property
    def labels(self) -> LabelSet:
        """The labels with ids and names alone."""
        return LabelSet(Label(label.id, label.name) for label in self.full)

    @cached_property
    def candidates(self) -> Candidates:
        """All senses of all names."""
        graph = NounGraph.load()
        names = tuple(label.name for label in self.labels)
        return Candidates(graph, names, tuple(read_name(graph, name) for name in names))

    @cached_property
    def right(self) -> FloatArray:
        """(c,) 1 for the true sense of each label."""
        graph = self.candidates.graph
        truth = np.array([graph.index(label.wnid) for label in self.full])
        return (truth[self.candidates.owners] == self.candidates.nodes).astype(float)

    @cached_property
    def ambiguous(self) -> FloatArray:
        """(n,) 1 for labels that have several senses with the true one among them."""
        has = np.bincount(self.candidates.owners, self.right, len(self.labels)) > 0
        return (has & (self.candidates.counts > 1)).astype(float)

    @cached_property
    def similarity(self) -> FloatArray:
        """The embedding source's similarities of the names."""
        return get_source("embedding")(self.labels).values

    @cached_property
    def opinions(self) -> dict[str, Opinion]:
        """What a language model takes the names to mean, from the shipped transcript."""
        return Senses(transcript=f"{self.title}/llm-senses", ignore_wnids=True)(self.labels)

    @cache  # noqa: B019 (three objects that live as long as the script)
    def ballot(self, nearest: int) -> senses.Ballot:
        """Return the votes."""
        return senses.Ballot(self.candidates, encode, self.similarity, nearest)

    def loss(self, belief: FloatArray, which: FloatArray) -> float:
        """Return the mean negative log-likelihood of the true senses of some labels."""
        given = np.bincount(self.candidates.owners, belief * self.right, len(self.labels))
        return float((-np.log(np.maximum(given, 1e-12)) * which).sum() / which.sum())

    def hits(self, belief: FloatArray) -> FloatArray:
        """(n,) whether each label's best sense is the true one."""
        made = self.candidates
        order = np.lexsort((made.ranks, -belief.round(12), made.owners))
        owners, first = np.unique(made.owners[order], return_index=True)
        hits = np.zeros(len(self.labels), bool)
        hits[owners] = self.right[order[first]] > 0
        return hits


CIFAR, IMAGENET, ICONS = (Names(title) for title in ("cifar-100", "imagenet-1k", "icons"))

TOLD = (ICONS, CIFAR)
"""The label sets whose names a language model was asked about."""


def fit(
    data: Names, which: FloatArray, names: Sequence[str], penalty: float, nearest: int
) -> dict[str, float]:
    """Return weights by conditional logistic regression over the senses of each label.

    No weight is below 0: a vote may be useless, but not evidence against itself (stacking as in
    Breiman 1996). The votes that depend on beliefs are taken at those of the weights before.
    """
    made, ballot = data.candidates, data.ballot(nearest)
    owners, right = made.owners, data.right
    weight = which[owners]
    belief = made.belief(ballot.vote("order", np.zeros(len(owners))))
    chosen: dict[str, float] = {}
    for _ in range(3):
        columns = np.stack([ballot.vote(name, belief) for name in names], axis=1)
        scale = columns[made.open].std(axis=0) + 1e-9
        scaled = columns / scale

        def loss(weights, scaled=scaled):
            given = made.belief(scaled @ weights)
            value = -(weight * right * np.log(np.maximum(given, 1e-300))).sum()
            slope = scaled.T @ (weight * (given - right))
            return value + penalty * (weights @ weights) / 2, slope + penalty * weights

        start = np.zeros(len(names))
        bounds = [(0, None)] * len(names)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x / scale
        chosen = {name: round(float(w), 2) for name, w in zip(names, found, strict=True)}
        belief = ballot.count(chosen)
    return chosen


def folds(count: int) -> Iterable[FloatArray]:
    """Yield which labels are held out, fold by fold."""
    fold = np.random.default_rng(SEED).permutation(count) % FOLDS
    for number in range(FOLDS):
        yield (fold == number).astype(float)


def held_out(data: Names, names: Sequence[str], penalty: float, nearest: int) -> FloatArray:
    """Return the belief in every label's senses by weights that were fitted without it."""
    belief = np.zeros(len(data.candidates.nodes))
    for out in folds(len(data.labels)):
        weights = fit(data, data.ambiguous * (1 - out), names, penalty, nearest)
        made = data.ballot(nearest).count(weights)
        mine = out[data.candidates.owners] > 0
        belief[mine] = made[mine]
    return belief


def choose() -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Return the grid of settings with their losses, and the best by each of two criteria."""
    rows = []
    for penalty, nearest in product(PENALTIES, NEAREST):
        weights = fit(CIFAR, CIFAR.ambiguous, GRAPH_VOTES, penalty, nearest)
        belief = IMAGENET.ballot(nearest).count(weights)
        out = held_out(CIFAR, GRAPH_VOTES, penalty, nearest)
        rows.append(
            {
                "penalty": penalty,
                "nearest": nearest,
                "cifar_100_held_out_loss": round(CIFAR.loss(out, CIFAR.ambiguous), 4),
                "cifar_100_held_out_right": int(CIFAR.hits(out).sum()),
                "imagenet_1k_loss": round(IMAGENET.loss(belief, IMAGENET.ambiguous), 4),
                "imagenet_1k_right": int(IMAGENET.hits(belief).sum()),
            }
        )
        print(rows[-1], flush=True)
    grid = pd.DataFrame(rows)
    best = {
        by: grid.loc[grid[f"{by}_loss"].idxmin()].to_dict()
        for by in ("imagenet_1k", "cifar_100_held_out")
    }
    return grid, best


def row(data: Names, method: str, belief: FloatArray, note: str = "") -> dict[str, object]:
    """Return one line of the table."""
    hits = data.hits(belief)
    ambiguous = int(data.ambiguous.sum())
    wrong = int((data.ambiguous * ~hits).sum())
    return {
        "labels": data.title,
        "method": method,
        "right": int(hits.sum()),
        "of": len(hits),
        "share": round(float(hits.mean()), 4),
        "right_of_ambiguous": ambiguous - wrong,
        "ambiguous": ambiguous,
        "note": note,
    }


def asked(data: Names, belief: FloatArray) -> FloatArray:
    """Return the beliefs after a language model was asked, and the votes where it says nothing."""
    return mixed(data.candidates, data.labels.ids, belief, data.opinions)


def told(data: Names) -> str:
    """Say how many ambiguous names the model left to the votes."""
    left = [one for one, opinion in data.opinions.items() if not opinion.wnid]
    return f"the model's sense for {len(data.opinions) - len(left)} names, votes for {len(left)}"


def rows_of(data: Names, weights: dict[tuple[bool, bool], dict[str, float]]) -> list[dict]:
    """Return every method's line for a label set."""
    ballot = data.ballot(senses.NEAREST)
    made = [
        row(data, method, ballot.count(senses.method_weights(method, True, True)))
        for method in senses.METHODS
        if method != "combined"
    ]
    seen = "fitted on these" if data is CIFAR else ""
    for there, chosen in weights.items():
        made.append(row(data, TITLES[there], ballot.count(chosen), seen))
    return made


def mistakes(data: Names, method: str, belief: FloatArray) -> list[dict[str, object]]:
    """Return the labels whose best sense is another than the checked one."""
    made, graph = data.candidates, data.candidates.graph
    lines = []
    for number in np.flatnonzero(~data.hits(belief)).tolist():
        label = data.full[data.labels.ids[number]]
        places = np.flatnonzero(made.owners == number)
        ranked = places[np.argsort(-belief[places], kind="stable")].tolist()
        true = [at for at in ranked if data.right[at]]
        best = int(made.nodes[ranked[0]]) if ranked else None
        lines.append(
            {
                "labels": data.title,
                "method": method,
                "id": label.id,
                "name": label.name,
                "proposed": "" if best is None else graph.name(best),
                "score": round(float(belief[ranked[0]]), 3) if ranked else 0,
                "proposed_definition": "" if best is None else graph.definition(best),
                "checked": graph.name(graph.index(label.wnid)),
                "checked_score": round(float(belief[true[0]]), 3) if true else 0,
                "checked_definition": graph.definition(graph.index(label.wnid)),
            }
        )
    return lines


def watched(data: Names, proposals: Sequence[senses.Proposal]) -> dict[str, int]:
    """Return how many labels are marked as unsure, and how many of the mistakes are."""
    wrong = [p for p in proposals if p.best is None or p.best.wnid != data.full[p.label.id].wnid]
    return {
        "labels": len(proposals),
        "unsure": sum(p.unsure for p in proposals),
        "mistakes": len(wrong),
        "mistakes_marked_unsure": sum(p.unsure for p in wrong),
    }


def main() -> None:
    """Choose the setting, then say how often it is right."""
    grid, best = choose()
    penalty, nearest = best["imagenet_1k"]["penalty"], int(best["imagenet_1k"]["nearest"])
    weights = {
        there: fit(CIFAR, CIFAR.ambiguous, (*GRAPH_VOTES, *extra), penalty, nearest)
        for there, extra in EXTRA.items()
    }
    print(f"NEAREST = {nearest}\nWEIGHTS =", *(f"{k}: {v}," for k, v in weights.items()), sep="\n")
    in_library = nearest == senses.NEAREST and weights == senses.WEIGHTS
    print("these are the library's" if in_library else "THE LIBRARY HOLDS OTHERS: put them there")
    untuned = best["cifar_100_held_out"]
    rows = [line for data in (ICONS, CIFAR, IMAGENET) for line in rows_of(data, weights)]
    rows.append(row(CIFAR, "combined", held_out(CIFAR, GRAPH_VOTES, penalty, nearest), "held out"))
    own = fit(CIFAR, CIFAR.ambiguous, GRAPH_VOTES, untuned["penalty"], int(untuned["nearest"]))
    belief = IMAGENET.ballot(int(untuned["nearest"])).count(own)
    rows.append(row(IMAGENET, "combined", belief, "untuned: all chosen on CIFAR-100"))
    for data in TOLD:
        belief = asked(data, data.ballot(nearest).count(weights[False, False]))
        rows.append(row(data, "llm", belief, told(data)))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    write_text(RESULTS / "senses.csv", table.to_csv(index=False))
    lines, marked = [], {}
    for data in (ICONS, CIFAR, IMAGENET):
        belief = data.ballot(nearest).count(weights[False, False])
        lines += mistakes(data, "combined", belief)
        marked[data.title] = watched(data, senses.propose(data.labels))
        if data in TOLD:
            lines += mistakes(data, "llm", asked(data, belief))
            proposals = senses.propose(data.labels, opinions=data.opinions)
            marked[f"{data.title}, llm"] = watched(data, proposals)
    print(marked)
    write_text(RESULTS / "senses-mistakes.csv", pd.DataFrame(lines).to_csv(index=False))
    facts = {
        "command": "python analysis/studies/senses.py",
        "read": "ids and names only; wnids are what the proposals are compared with",
        "chosen_on": "weights on cifar-100, penalty and nearest on imagenet-1k, nothing on icons",
        "seen": "figures and mistakes on the icons were looked at while the votes were invented",
        "llm": {
            "trust": TRUST,
            "left_to_votes": {
                data.title: {one: said.note for one, said in data.opinions.items() if said.note}
                for data in TOLD
            },
            "notes": {
                data.title: Transcript.load(f"{data.title}/llm-senses").note for data in TOLD
            },
        },
        "penalty": penalty,
        "nearest": nearest,
        "weights": {TITLES[there]: chosen for there, chosen in weights.items()},
        "weights_in_library": in_library,
        "grid": grid.to_dict("records"),
        "untuned": untuned,
        "unsure": marked,
        "folds": FOLDS,
        "seed": SEED,
        "model": PACKAGED,
        "graph": NounGraph.load().digest,
        "labels": {data.title: data.full.digest for data in (ICONS, CIFAR, IMAGENET)},
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "senses.json", facts)


if __name__ == "__main__":
    main()
