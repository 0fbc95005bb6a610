"""Combine an external judgement, such as a language model's, with the votes on a name's senses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxonomy._core.arrays import FloatArray
from taxonomy.wordnet.votes import Candidates

TRUST = 0.7
"""The probability that an opinion takes over from the votes.

It is stated, not fitted: above a half, so that an opinion always wins, and so low that one against
votes that are sure of another sense leads by less than `DOUBTED`, and is marked unsure.
"""

DOUBTED = 0.5
"""A lead below which what an opinion decided should be looked at."""


@dataclass(frozen=True)
class Opinion:
    """An external judgement of which sense one label has, such as a language model's.

    Attributes:
        wnid: of the synset that the name is taken to mean; empty where the votes shall decide.
        note: why it is empty.
    """

    wnid: str = ""
    note: str = ""


def mixed(
    candidates: Candidates,
    ids: Sequence[str],
    belief: FloatArray,
    opinions: Mapping[str, Opinion],
) -> FloatArray:
    """Return the votes' probabilities mixed with the opinions', which have the weight `TRUST`.

    Where there is an opinion, a candidate's belief b becomes ``(1 - TRUST) · b``, plus `TRUST`
    for the one it names (a linear opinion pool, Stone 1961).

    Args:
        candidates: the senses.
        ids: (n,) the labels' ids.
        belief: (c,) probabilities below each label.
        opinions: by label id.
    """
    named = [said.wnid if (said := opinions.get(one)) else "" for one in ids]
    pooled = belief.copy()
    for at, (node, owner) in enumerate(
        zip(candidates.nodes.tolist(), candidates.owners.tolist(), strict=True)
    ):
        if named[owner]:
            agrees = candidates.graph.wnid(node) == named[owner]
            pooled[at] = TRUST * agrees + (1 - TRUST) * belief[at]
    return pooled
