"""The weights of the votes on what class names mean, and how votes become probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import LabelError
from taxonomy.wordnet import votes

NEAREST: dict[str, int] = {"kin": 3, "coherence": 20, "topic": 5}
"""How many of a sense's nearest fellows the votes that depend on other labels look at."""

WEIGHTS: dict[tuple[bool, bool], dict[str, float]] = {
    (False, False): {
        "frequency": 0.75,
        "usage": 0.37,
        "physical": 1.9,
        "impersonal": 1.6,
        "spelling": 1.67,
        "kin": 3.7,
        "coherence": 1.19,
        "topic": 3.0,
    },
    (True, False): {
        "frequency": 0.69,
        "usage": 0.41,
        "physical": 2.06,
        "impersonal": 1.43,
        "spelling": 1.51,
        "kin": 3.04,
        "coherence": 1.96,
        "meaning": 3.95,
        "company": 1.67,
        "topic": 3.0,
    },
    (False, True): {
        "frequency": 0.75,
        "usage": 0.34,
        "physical": 1.7,
        "impersonal": 1.72,
        "spelling": 1.64,
        "kin": 3.43,
        "coherence": 0.37,
        "agreement": 2.1,
        "topic": 3.0,
    },
    (True, True): {
        "frequency": 0.69,
        "usage": 0.39,
        "physical": 1.95,
        "impersonal": 1.51,
        "spelling": 1.5,
        "kin": 2.74,
        "coherence": 1.56,
        "meaning": 3.97,
        "company": 1.51,
        "agreement": 1.43,
        "topic": 3.0,
    },
}
"""The weight of every vote, by whether embeddings and a similarity source are there."""

METHODS = (
    *("combined", "first", "frequency", "usage", "coherence"),
    *("meaning", "company", "agreement"),
)
"""All methods: every vote together, or one alone."""

EMBEDDED = ("meaning", "company")
"""The votes that need embeddings."""

SIMILAR = ("kin", "coherence")
"""The votes by similarity to the other labels: to the very nearest, and to more of them."""

CONTEXTUAL = (*SIMILAR, "topic", "agreement")
"""The votes that depend on what the other labels are believed to mean."""

TOPIC = 0.05
"""How much another sense's definition must speak of the other labels to make a proposal unsure."""

COMPANIONS = 2
"""Of how many of them."""

_ROUNDS = 3
# Alone, similarities are brought to the scale of the other votes, which are logarithms.
_ALONE = 10.0


def method_weights(method: str, encode: bool, similarity: bool) -> Mapping[str, float]:
    """Return the weight of every vote in one of the `METHODS`.

    Raises:
        LabelError: the method is unknown or lacks what it needs.
    """
    if method not in METHODS:
        raise LabelError(f"Unknown method {method!r}; take one of {', '.join(METHODS)}.")
    if method in EMBEDDED and not encode:
        raise LabelError(f"The method {method!r} compares embeddings; name a model (`embeddings`).")
    if method == "agreement" and not similarity:
        raise LabelError("The method 'agreement' needs a similarity (`source`).")
    if method == "combined":
        return WEIGHTS[encode, similarity]
    if method in ("first", "frequency", "usage"):
        return {"order" if method == "first" else method: 1.0}
    return {method: _ALONE}


class Ballot:
    """The votes on the candidate senses, some of which depend on the other labels' senses.

    Args:
        candidates: the senses.
        encode: for the votes ``meaning`` and ``company``.
        similarity: for the vote ``agreement``.
        nearest: as `NEAREST`.
    """

    def __init__(
        self,
        candidates: votes.Candidates,
        encode: votes.Encode | None = None,
        similarity: FloatArray | None = None,
        nearest: Mapping[str, int] = NEAREST,
    ) -> None:
        self.candidates = candidates
        self._encode, self._similarity, self._nearest = encode, similarity, nearest
        self._fixed: dict[str, FloatArray] = {}
        self._near: tuple[FloatArray | None, FloatArray] = None, np.zeros((0, 0))

    def vote(self, name: str, belief: FloatArray) -> FloatArray:
        """Return one vote, (c,); those that do not depend on the belief are kept."""
        if name in SIMILAR:
            if self._near[0] is not belief:
                counts = [self._nearest[one] for one in SIMILAR]
                self._near = belief, votes.coherence(self.candidates, belief, counts)
            near: FloatArray = self._near[1][SIMILAR.index(name)]
            return near
        if name == "topic":
            return votes.topic(self.candidates, belief, self._nearest[name])
        if name == "agreement" and self._similarity is not None:
            return votes.agreement(self.candidates, belief, self._similarity)
        if name not in self._fixed:
            if name in EMBEDDED and self._encode is not None:
                self._fixed[name] = getattr(votes, name)(self.candidates, self._encode)
            else:
                self._fixed[name] = getattr(votes, name)(self.candidates)
        return self._fixed[name]

    def rivals(self, belief: FloatArray) -> dict[int, int]:
        """Return, by label, a physical sense that the others' topics speak for more than the best.

        Of a mouse beside a keyboard, a laptop, a cat and a dog nobody can be sure.
        """
        topics = votes.topic(self.candidates, belief, COMPANIONS)
        things = self.vote("physical", belief) > 0
        made = {}
        for places in self.candidates.by_label(belief):
            others = places[1:][things[places[1:]]]
            if len(others):
                best = places[0]
                rival = int(others[np.argmax(topics[others])])
                if topics[rival] > topics[best] and topics[rival] >= TOPIC:
                    made[int(self.candidates.owners[best])] = rival
        return made

    def count(self, weights: Mapping[str, float]) -> FloatArray:
        """Return each candidate's probability, (c,).

        The votes that need no belief come first; then those that do, with what the round before
        made believed (mean-field updates of all labels at once, three rounds).
        """
        contextual = [name for name in weights if name in CONTEXTUAL]
        scores = np.zeros(len(self.candidates.nodes))
        for name in weights:
            if name not in contextual:
                scores += weights[name] * self.vote(name, scores)
        belief = self.candidates.belief(scores)
        for _ in range(_ROUNDS if contextual else 0):
            more = sum(weights[name] * self.vote(name, belief) for name in contextual)
            belief = self.candidates.belief(scores + more)
        return belief
