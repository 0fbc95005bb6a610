"""Strategies that end in numbers between classes: ``rows``, ``pairs`` and ``triplets``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import IncompleteError, LLMError
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.asker import Asker, Outcome
from taxonomy.llm.question import Prompt, category, wire_id
from taxonomy.llm.reply import Fields, first_faults, integer, remedy

ROW = 250
"""Most categories that one ``rows`` request rates; longer lists are split evenly."""

BATCH = {"pairs": 40, "triplets": 20}
"""Pairs or triplets in one request."""


@dataclass(frozen=True)
class Judgements:
    """Directed scores of a model, before they become a similarity.

    Args:
        ids: label ids, sorted.
        scores: shape (n, n), means over the repeats, from 0 to ``top``; row = the anchor or first
            of a pair; NaN where missing, and on the diagonal.
        spread: shape (n, n), standard deviation over the repeats; NaN where fewer than two.
        top: the highest score of the scale.
        missing: why a directed pair has no score, by ``first > second``.
        expected: how many scores are expected values from log-probabilities.
        faults: how often each fault came in the answers, repaired or not.
    """

    ids: tuple[str, ...]
    scores: FloatArray
    spread: FloatArray
    top: float
    missing: Mapping[str, str] = field(default_factory=dict)
    expected: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)

    def refuse_gaps(self) -> None:
        """Raise an error that lists what is missing, if anything is.

        Raises:
            IncompleteError: with all of it in ``missing``.
        """
        if not self.missing:
            return
        raise IncompleteError(
            f"{len(self.missing)} of {len(self.ids) * (len(self.ids) - 1)} scores are missing "
            f"({first_faults(self.missing)}). {remedy(self.missing)} Or set `missing='fill'`.",
            self.missing,
        )

    def values(self) -> tuple[FloatArray, dict[str, int]]:
        """Return the symmetric matrix in [0, 1], diagonal 1, and what had to be filled in.

        The mean of both directions is used. Where one is missing the other stands for both; where
        both are, the mean of all known scores of the two classes.

        >>> nan = float("nan")
        >>> scores = np.array([[nan, 40, nan], [60, nan, nan], [20, nan, nan]])
        >>> values, filled = Judgements(("a", "b", "c"), scores, scores, 100).values()
        >>> values.tolist()
        [[1.0, 0.5, 0.2], [0.5, 1.0, 0.35], [0.2, 0.35, 1.0]]
        >>> filled
        {'one_direction': 1, 'neither': 1}
        """
        both = np.stack([self.scores, self.scores.T]) / self.top
        known = np.isfinite(both).sum(axis=0)
        sums = np.where(np.isfinite(both), both, 0).sum(axis=0)
        values = sums / np.maximum(known, 1)
        off = ~np.eye(len(self.ids), dtype=bool)
        gaps = off & (known == 0)
        pairs = (off & (known > 0)).sum(axis=1)
        means = np.where(off & (known > 0), values, 0).sum(axis=1)
        means = np.where(pairs > 0, means / np.maximum(pairs, 1), 0.0)
        values[gaps] = ((means[:, None] + means[None, :]) / 2)[gaps]
        np.fill_diagonal(values, 1.0)
        upper = np.triu_indices(len(self.ids), 1)
        filled = {
            "one_direction": int((known[upper] == 1).sum()),
            "neither": int((known[upper] == 0).sum()),
        }
        return values, {how: count for how, count in filled.items() if count}

    def report(self) -> dict[str, float]:
        """Return how consistent the scores are: between directions, over repeats, and in ties.

        ``asymmetry`` is the mean absolute difference of the two directions and ``correlation``
        Pearson's r between them; ``distinct`` counts distinct mean scores, over ``pairs`` pairs;
        ``spread`` is the mean standard deviation over repeats. Points are those of the scale.
        """
        upper = np.triu_indices(len(self.ids), 1)
        one, other = self.scores[upper], self.scores.T[upper]
        known = np.isfinite(one) & np.isfinite(other)
        one, other = one[known], other[known]
        found: dict[str, float] = {"pairs": len(one), "missing": len(self.missing)}
        if len(one):
            found["asymmetry"] = float(np.abs(one - other).mean())
            found["distinct"] = len(np.unique((one + other) / 2))
        if len(one) > 1 and one.std() > 0 and other.std() > 0:
            found["correlation"] = float(np.corrcoef(one, other)[0, 1])
        if np.isfinite(self.spread).any():
            found["spread"] = float(np.nanmean(self.spread))
        return found | {"expected": self.expected}


def judge(
    strategy: str,
    labels: LabelSet,
    asker: Asker,
    *,
    repeats: int = 1,
    expected: bool = False,
    per_pair: int = 6,
) -> Judgements:
    """Ask for scores between all classes.

    Args:
        strategy: ``rows``, ``pairs`` or ``triplets``.
        labels: the classes.
        asker: asks or reads.
        repeats: independent answers to each question.
        expected: whether to ask for digits and use their expected value where the server gives
            log-probabilities.
        per_pair: triplets that each pair is part of at least (``triplets`` only).

    Raises:
        LLMError: an unknown strategy, or too few classes.
    """
    if len(labels) < 2:
        raise LLMError("Scores need at least two classes.")
    if repeats < 1:
        raise LLMError(f"{repeats} repeats are no answer; ask for at least 1.")
    if strategy == "triplets":
        return _odd_ones(labels, asker, repeats, per_pair)
    makers = {"rows": rows, "pairs": pairs}
    if strategy not in makers:
        raise LLMError(f"No scoring strategy {strategy!r}; choose: rows, pairs, triplets.")
    asked = list(makers[strategy](labels, digit=expected))
    stack = np.full((repeats, len(labels), len(labels)), np.nan)
    missing: dict[str, str] = {}
    from_log, seen = 0, Counter(asker.seen)
    for repeat in range(repeats):
        for (_, targets), outcome in zip(
            asked, asker.ask([prompt for prompt, _ in asked], repeat), strict=True
        ):
            for item, (i, j) in targets.items():
                if item in outcome.values:
                    from_log += item in outcome.expected
                    stack[repeat, i, j] = outcome.expected.get(item, outcome.values[item])
                else:
                    pair = f"{labels.ids[i]} > {labels.ids[j]}"
                    missing[pair if repeat == 0 else f"{pair} (repeat {repeat})"] = str(
                        outcome.faults[item]
                    )
    top = 9.0 if expected else 100.0
    return _judgements(labels, stack, top, missing, from_log, asker.seen - seen)


def _judgements(
    labels: LabelSet,
    stack: FloatArray,
    top: float,
    missing: Mapping[str, str],
    from_log: int,
    seen: Counter[str],
) -> Judgements:
    """Average over repeats."""
    known = np.isfinite(stack).sum(axis=0)
    sums = np.nansum(stack, axis=0)
    scores = np.where(known > 0, sums / np.maximum(known, 1), np.nan)
    apart = np.nansum((stack - scores) ** 2, axis=0)
    spread = np.where(known > 1, np.sqrt(apart / np.maximum(known - 1, 1)), np.nan)
    return Judgements(labels.ids, scores, spread, top, missing, from_log, dict(seen))


Targets = dict[str, tuple[int, int]]
"""Which cell of the matrix each item of a prompt fills."""


def rows(labels: LabelSet, *, digit: bool = False) -> Iterator[tuple[Prompt, Targets]]:
    """Make one prompt per anchor, several where the list is long."""
    n = len(labels)
    entries = {wire_id(label.id): category(label) for label in labels}
    check = integer(0, 9 if digit else 100)
    for i, anchor in enumerate(labels):
        others = [j for j in range(n) if j != i]
        parts = np.array_split(others, -(-len(others) // ROW))
        for part in parts:
            targets = {wire_id(labels.ids[j]): (i, int(j)) for j in part}

            def user(wanted: Sequence[str], anchor: Label = anchor) -> io.Json:
                return {"anchor": category(anchor), "categories": [entries[w] for w in wanted]}

            reply = Fields("scores", check, {"anchor": wire_id(anchor.id)})
            name = "rows-digit" if digit else "rows"
            yield Prompt(name, tuple(targets), user, reply), targets


def pairs(labels: LabelSet, *, digit: bool = False) -> Iterator[tuple[Prompt, Targets]]:
    """Make prompts of pairs, every pair in both orders; digits are asked one pair at a time."""
    n = len(labels)
    ordered = [(i, j) for i, j in combinations(range(n), 2)]
    ordered += [(j, i) for i, j in ordered]
    entries = [category(label) for label in labels]
    size = 1 if digit else BATCH["pairs"]
    for start in range(0, len(ordered), size):
        targets = {pair_id(labels, i, j): (i, j) for i, j in ordered[start : start + size]}

        def user(wanted: Sequence[str], targets: Targets = targets) -> io.Json:
            return {
                "pairs": [
                    {"id": w, "first": entries[targets[w][0]], "second": entries[targets[w][1]]}
                    for w in wanted
                ]
            }

        name = "pairs-digit" if digit else "pairs"
        reply = Fields("scores", integer(0, 9 if digit else 100))
        yield Prompt(name, tuple(targets), user, reply), targets


def pair_id(labels: LabelSet, *which: int) -> str:
    """Return an id that names the classes, so that an answer to other pairs is noticed."""
    return "/".join(wire_id(labels.ids[i]) for i in which)


def triplets(labels: LabelSet, per_pair: int) -> list[tuple[int, int, int]]:
    """Choose triplets such that every pair is in at least so many, or in all n - 2 there are.

    The third class of each is drawn by a digest of the pair, so the choice depends on nothing else.
    """
    n = len(labels)
    held: Counter[tuple[int, int]] = Counter()
    chosen: dict[tuple[int, int, int], None] = {}
    for i, j in combinations(range(n), 2):
        seed = hashlib.sha256(pair_id(labels, i, j).encode()).digest()
        others = np.random.default_rng(list(seed)).permutation(
            [k for k in range(n) if k not in (i, j)]
        )
        for k in others:
            if held[i, j] >= per_pair:
                break
            a, b, c = sorted((i, j, int(k)))
            if (a, b, c) not in chosen:
                chosen[a, b, c] = None
                held.update([(a, b), (a, c), (b, c)])
    return list(chosen)


def _odd_ones(labels: LabelSet, asker: Asker, repeats: int, per_pair: int) -> Judgements:
    """Ask for odd ones out and turn them into scores.

    The stated model: the similarity of two classes is the probability that, with a third drawn at
    random, the third is the odd one (Hebart et al. 2020, Nature Human Behaviour 4); estimated as
    (times the third was odd + 1) / (triplets + 3), so that no evidence gives 1/3.
    """
    if len(labels) < 3:
        raise LLMError("Triplets need at least three classes.")
    chosen = triplets(labels, per_pair)
    entries = [category(label) for label in labels]
    prompts: list[Prompt] = []
    for start in range(0, len(chosen), BATCH["triplets"]):
        part = {pair_id(labels, *t): t for t in chosen[start : start + BATCH["triplets"]]}

        def user(wanted: Sequence[str], part: dict[str, Any] = part) -> io.Json:
            return {"triplets": [{"id": w, "of": [entries[k] for k in part[w]]} for w in wanted]}

        prompts.append(Prompt("triplets", tuple(part), user, Fields("odd", integer(1, 3))))
    by_id = {pair_id(labels, *t): t for t in chosen}
    n = len(labels)
    stack = np.full((repeats, n, n), np.nan)
    missing: dict[str, str] = {}
    seen = Counter(asker.seen)
    for repeat in range(repeats):
        outcomes = asker.ask(prompts, repeat)
        stack[repeat], lacking = _tally(outcomes, by_id, n)
        missing |= {f"{item} (repeat {repeat})": fault for item, fault in lacking.items()}
    return _judgements(labels, stack, 1.0, missing, 0, asker.seen - seen)


def _tally(
    outcomes: Sequence[Outcome], by_id: Mapping[str, tuple[int, int, int]], n: int
) -> tuple[FloatArray, dict[str, str]]:
    """Count how often the third was odd, and return probabilities and what is missing."""
    wins, held = np.zeros((n, n)), np.zeros((n, n))
    missing: dict[str, str] = {}
    for outcome in outcomes:
        missing |= {item: str(fault) for item, fault in outcome.faults.items()}
        for item, value in outcome.values.items():
            triplet = by_id[item]
            odd = triplet[int(value) - 1]
            for i, j in combinations(triplet, 2):
                third = next(k for k in triplet if k not in (i, j))
                held[[i, j], [j, i]] += 1
                wins[[i, j], [j, i]] += third == odd
    scores = np.where(held > 0, (wins + 1) / (held + 3), np.nan)
    np.fill_diagonal(scores, np.nan)
    return scores, missing
