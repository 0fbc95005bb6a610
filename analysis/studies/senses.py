"""How often a proposed WordNet synset is the right one, by method and label set.

    python analysis/studies/senses.py

Only names are read: definitions and wnids are taken off before anything is proposed. LVIS's 1,203
names are split in two by a hash. The weights of the votes are fitted on CIFAR-100 and LVIS's first
half; that of ``topic``, and how sure is sure, are chosen on LVIS's first half. LVIS's second half,
ImageNet-1k and the icons take no part in either. A language model's answers are replayed from the
shipped transcripts. Writes ``analysis/results/names.csv``, ``names-mistakes.csv`` and
``names.json``, and prints the weights that `taxonomy.wordnet.ballot` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from named import CIFAR, ICONS, IMAGENET, LVIS, SPACED, TOLD, FloatArray, Lvis, Names
from scipy.optimize import minimize

from taxonomy.llm.transcript import Transcript
from taxonomy.similarity.embedding import PACKAGED
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.wordnet import NounGraph, senses
from taxonomy.wordnet.ballot import (
    EMBEDDED,
    METHODS,
    NEAREST,
    WEIGHTS,
    method_weights,
)
from taxonomy.wordnet.opinions import TRUST, mixed

RESULTS = Path(__file__).parents[1] / "results"
GRAPH_VOTES = ("frequency", "usage", "physical", "impersonal", "spelling", "kin", "coherence")
EXTRA = {
    (False, False): (),
    (True, False): EMBEDDED,
    (False, True): ("agreement",),
    (True, True): (*EMBEDDED, "agreement"),
}
"""The votes beside the graph's, by whether embeddings and a similarity source are there."""
TITLES = {
    (False, False): "combined",
    (True, False): "combined, with embeddings",
    (False, True): "combined, with a source",
    (True, True): "combined, with both",
}
PENALTY = 1.0
TOPIC = (0.0, 1.5, 3.0, 4.5, 6.0)
SURE = (0.5, 0.6, 0.7, 0.8, 0.9)
MUST_BE_RIGHT = 0.98
"""Of those marked sure."""


Part = tuple[Names, FloatArray]
"""A label set, and how much each of its labels counts."""


def fit(parts: Sequence[Part], names: Sequence[str]) -> dict[str, float]:
    """Return weights by conditional logistic regression over the senses of each label.

    No weight is below 0: a vote may be useless, but not evidence against itself (stacking as in
    Breiman 1996). The votes that depend on beliefs are taken at those of the weights before.
    """
    order = {data: data.ballot.vote("order", np.zeros(0)) for data, _ in parts}
    beliefs = {data: data.candidates.belief(vote) for data, vote in order.items()}
    chosen: dict[str, float] = {}
    for _ in range(3):
        columns = {
            data: np.stack([data.ballot.vote(name, beliefs[data]) for name in names], axis=1)
            for data, _ in parts
        }
        every = np.concatenate([columns[data][data.candidates.open] for data, _ in parts])
        scale = every.std(axis=0) + 1e-9

        def loss(weights, columns=columns, scale=scale):
            value, slope = PENALTY * (weights @ weights) / 2, PENALTY * weights
            for data, which in parts:
                scaled, weight = columns[data] / scale, which[data.candidates.owners]
                given = data.candidates.belief(scaled @ weights)
                value -= (weight * data.right * np.log(np.maximum(given, 1e-300))).sum()
                slope = slope + scaled.T @ (weight * (given - data.right))
            return value, slope

        start = np.zeros(len(names))
        bounds = [(0, None)] * len(names)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x / scale
        chosen = {name: round(float(w), 2) for name, w in zip(names, found, strict=True)}
        beliefs = {data: data.ballot.count(chosen) for data, _ in parts}
    return chosen


def first_half() -> Part:
    """Return LVIS's names, of which the ambiguous ones of the first half count."""
    return LVIS, LVIS.ambiguous * ~LVIS.second


def choose(weights: dict[str, float]) -> tuple[list[dict[str, float]], float]:
    """Return the mean losses by the weight of ``topic``, and the best weight for LVIS's half."""
    grid = []
    for weight in TOPIC:
        line = {"topic": weight}
        for data, which in (first_half(), (IMAGENET, IMAGENET.ambiguous)):
            belief = data.ballot.count({**weights, "topic": weight})
            line[data.title] = round(data.loss(belief, which), 4)
        grid.append(line)
        print(line, flush=True)
    return grid, min(grid, key=lambda line: line["lvis"])["topic"]


def row(
    data: Names,
    method: str,
    belief: FloatArray,
    note: str = "",
    which: npt.NDArray[np.bool_] | None = None,
) -> dict[str, object]:
    """Return one line of the table, of all labels whose synset is known or of some."""
    counted = data.known if which is None else data.known & which
    hits = data.hits(belief)[counted]
    ambiguous = data.ambiguous[counted] > 0
    return {
        "labels": data.title,
        "method": method,
        "right": int(hits.sum()),
        "of": len(hits),
        "share": round(float(hits.mean()), 4),
        "right_of_ambiguous": int(hits[ambiguous].sum()),
        "ambiguous": int(ambiguous.sum()),
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
    single = [method for method in METHODS if method != "combined"]
    ways = {method: method_weights(method, True, True) for method in single}
    ways |= {TITLES[there]: chosen for there, chosen in weights.items()}
    made = []
    for method, chosen in ways.items():
        seen = "weights fitted on these" if data is CIFAR and method not in single else ""
        belief = data.ballot.count(chosen)
        made.append(row(data, method, belief, seen))
        if isinstance(data, Lvis):
            made.append(row(data, method, belief, "half nothing is chosen by", data.second))
            made.append(row(data, method, belief, "half for fitting and choosing", ~data.second))
    return made


def mistakes(data: Names, method: str, belief: FloatArray) -> list[dict[str, object]]:
    """Return the labels whose best sense is another than the checked one."""
    made, graph = data.candidates, data.candidates.graph
    lines = []
    for number in np.flatnonzero(~data.hits(belief) & data.known).tolist():
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


def watched(
    data: Names,
    proposals: Sequence[senses.Proposal],
    which: npt.NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """Return how many labels are marked as unsure, and how many mistakes are among the sure."""
    counted = data.known if which is None else data.known & which
    made = [p for p, count in zip(proposals, counted, strict=True) if count]
    right = [p.best is not None and p.best.wnid == data.full[p.label.id].wnid for p in made]
    sure = [one for one, p in zip(right, made, strict=True) if not p.unsure]
    return {
        "labels": len(made),
        "right": sum(right),
        "right_share": round(sum(right) / len(made), 4),
        "sure": len(sure),
        "sure_share": round(len(sure) / len(made), 4),
        "sure_but_wrong": len(sure) - sum(sure),
        "sure_right_share": round(sum(sure) / len(sure), 4),
    }


def how_sure() -> tuple[list[dict[str, float]], float]:
    """Return what is right among the sure of LVIS's first half, by the lead asked for.

    Chosen is one step above the least that suffices, as other lists are unlike this half.
    """
    lines = []
    for lead in SURE:
        proposals = senses.propose(LVIS.labels, lead=lead)
        lines.append({"lead": lead, **watched(LVIS, proposals, ~LVIS.second)})
        print(lines[-1], flush=True)
    enough = [line["lead"] for line in lines if line["sure_right_share"] >= MUST_BE_RIGHT]
    return lines, enough[1] if len(enough) > 1 else SURE[-1]


def main() -> None:
    """Choose the settings, then say how often they are right."""
    parts = [(CIFAR, CIFAR.ambiguous), first_half()]
    base = fit(parts, GRAPH_VOTES)
    grid, topic = choose(base)
    weights = {(False, False): {**base, "topic": topic}}
    for there, extra in EXTRA.items():
        if extra:
            weights[there] = {**fit(parts, (*GRAPH_VOTES, *extra)), "topic": topic}
    print("WEIGHTS =", *(f"{k}: {v}," for k, v in weights.items()), sep="\n")
    in_library = weights == WEIGHTS
    print("these are the library's" if in_library else "THE LIBRARY HOLDS OTHERS: put them there")
    leads, lead = how_sure()
    print(f"UNSURE = {lead}, the library's is {senses.UNSURE}")
    sets = (LVIS, SPACED, ICONS, CIFAR, IMAGENET)
    rows = [line for data in sets for line in rows_of(data, weights)]
    alone = fit([first_half()], GRAPH_VOTES) | {"topic": topic}
    rows.append(row(CIFAR, "combined", CIFAR.ballot.count(alone), "weights fitted on LVIS alone"))
    for data in TOLD:
        belief = asked(data, data.ballot.count(weights[False, False]))
        rows.append(row(data, "llm", belief, told(data)))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    write_text(RESULTS / "names.csv", table.to_csv(index=False))
    lines, marked = [], {}
    for data in sets:
        belief = data.ballot.count(weights[False, False])
        if data is not SPACED:
            lines += mistakes(data, "combined", belief)
        proposals = senses.propose(data.labels)
        marked[data.title] = watched(data, proposals)
        if isinstance(data, Lvis):
            marked[f"{data.title}, first half"] = watched(data, proposals, ~data.second)
            marked[f"{data.title}, second half"] = watched(data, proposals, data.second)
        if data in TOLD:
            lines += mistakes(data, "llm", asked(data, belief))
            proposals = senses.propose(data.labels, opinions=data.opinions)
            marked[f"{data.title}, llm"] = watched(data, proposals)
    print(*(f"{title}: {found}" for title, found in marked.items()), sep="\n")
    for data in (LVIS, SPACED):
        found = marked[data.title]
        print(f"{data.title}: {found['right_share']:.1%} right; sure {found['sure_share']:.1%}, "
              f"of which {found['sure_right_share']:.1%} right")  # fmt: skip
    write_text(RESULTS / "names-mistakes.csv", pd.DataFrame(lines).to_csv(index=False))
    facts = {
        "command": "python analysis/studies/senses.py",
        "read": "ids and names only; wnids are what the proposals are compared with",
        "chosen_on": "weights on cifar-100 and lvis's first half, topic's weight and the lead on "
        "lvis's first half; nothing on its second half, imagenet-1k and icons",
        "seen": "figures of all sets were printed while the votes were invented, and how names "
        "with brackets are read was looked at in both halves of lvis; other mistakes of its second "
        "half were not looked at, those on the icons were",
        "not_in_wordnet": [one.name for one in LVIS.full if not one.wnid],
        "topic": grid,
        "leads": leads,
        "unsure": {"lead": lead, "in_library": lead == senses.UNSURE},
        "weights": {TITLES[there]: chosen for there, chosen in weights.items()},
        "weights_in_library": in_library,
        "nearest": dict(NEAREST),
        "marked": marked,
        "llm": {
            "trust": TRUST,
            "notes": {
                data.title: Transcript.load(f"{data.title}/llm-senses").note for data in TOLD
            },
        },
        "model": PACKAGED,
        "graph": NounGraph.load().digest,
        "labels": {data.title: data.full.digest for data in sets},
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "names.json", facts)


if __name__ == "__main__":
    main()
