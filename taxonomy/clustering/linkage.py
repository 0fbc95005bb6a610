"""Linkages: how the distance between two groups of items is defined, one record each.

A linkage is written down once, as an entry of `LINKAGES` (with its name in `LinkageName`, which
options are typed by). Every engine reads the record and never the name: `agglomeration` clusters
whole matrices by it, `sparse` neighbours only, and `levels` and `partition` groups of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import ClusteringError
from taxonomy._core.registry import lookup

LinkageName = Literal["average", "complete", "single", "weighted", "ward", "centroid", "median"]
"""The names of all linkages, as the type of an option."""

PairwiseLinkageName = Literal["average", "complete", "single"]
"""The names of the linkages of which `Linkage.pairwise` holds, as the type of an option."""


@dataclass(frozen=True)
class Linkage:
    """How near two groups are, given how near their parts were.

    All linkages here are combinatorial (Lance & Williams 1967): the distance of a merged group
    from another follows from those of its parts.

    Args:
        name: what options call it.
        join: how the similarities of all pairs of two groups are reduced to one number: their
            ``mean``, the ``least`` (of the farthest pair) or the ``most`` (of the nearest pair).
        weighted: whether the parts of a merged group count alike, instead of by their sizes.
        euclidean: whether it needs Euclidean distances; it then works on their squares, and two
            groups are as far apart as their centroids.
        ward: whether the squared distance of centroids is multiplied by ``2ab / (a + b)``, a and b
            being the groups' sizes: twice what merging adds to the squares within groups.
        reducible: whether merging never brings a third group nearer than its nearest part was.
            Only then may several pairs merge at once (Bruynooghe 1978).
        unique: whether the groups at each height do not depend on which of several equally near
            pairs merged first, so that joining merges of equal height settles all ties.
        scipy: whether `scipy.cluster.hierarchy.linkage` has it under the same name, which is
            faster where nothing ties.
    """

    name: str
    join: Literal["mean", "least", "most"] = "mean"
    weighted: bool = False
    euclidean: bool = False
    ward: bool = False
    reducible: bool = True
    unique: bool = False
    scipy: bool = True

    @property
    def sparse(self) -> bool:
        """Whether it can run where only neighbours are known, all other pairs counting as 0."""
        return not self.euclidean

    @property
    def pairwise(self) -> bool:
        """Whether `joined` of all pairs of items is the linkage itself, however groups grew."""
        return not (self.euclidean or self.weighted)

    @property
    def extreme(self) -> np.ufunc | None:
        """What chooses one of two similarities, or None where they are averaged."""
        return {"mean": None, "least": np.minimum, "most": np.maximum}[self.join]

    @property
    def extreme_distance(self) -> np.ufunc | None:
        """What chooses one of two distances, or None where they are averaged."""
        return {"mean": None, "least": np.maximum, "most": np.minimum}[self.join]

    def distances(self, similarities: FloatArray) -> FloatArray:
        """Return the distances that it clusters by.

        ``1 - similarity``; where they have to be Euclidean, ``sqrt(2 (1 - similarity))``, which
        is so if the similarity is an inner product of vectors of length 1.

        >>> LINKAGES["average"].distances(np.array([1.0, 0.5])).tolist()
        [0.0, 0.5]
        >>> LINKAGES["ward"].distances(np.array([1.0, 0.5])).tolist()
        [0.0, 1.0]
        """
        if not self.euclidean:
            return 1.0 - similarities
        distances: FloatArray = np.sqrt(2 * (1.0 - similarities))
        return distances

    def joined(self, similarities: FloatArray) -> float:
        """Return one number for the similarities of all pairs of two groups.

        >>> LINKAGES["complete"].joined(np.array([[0.75, 0.5], [0.25, 0.5]]))
        0.25
        """
        if (extreme := self.extreme) is None:
            return float(np.mean(similarities))
        return float(extreme.reduce(similarities, axis=None))

    def merged(
        self,
        one: FloatArray,
        other: FloatArray,
        between: float,
        sizes: tuple[float, float],
        others: FloatArray,
    ) -> FloatArray:
        """Return the distances of two merged groups from all others (Lance & Williams 1967).

        Args:
            one: distances of the first group, squared if Euclidean.
            other: those of the second.
            between: the distance of the two.
            sizes: how many items the two have.
            others: how many items each other group has.

        >>> three = np.array([3.0]), np.array([5.0]), 4.0, (1.0, 3.0), np.array([1.0])
        >>> float(LINKAGES["average"].merged(*three)[0])  # (1 * 3 + 3 * 5) / 4
        4.5
        >>> float(LINKAGES["centroid"].merged(*three)[0])  # 4.5 - 1/4 * 3/4 * 4
        3.75
        """
        size, other_size = sizes
        if self.ward:
            row = (size + others) * one + (other_size + others) * other - others * between
            row /= size + other_size + others
            return row
        if (extreme := self.extreme_distance) is not None:
            chosen: FloatArray = extreme(one, other)
            return chosen
        if self.weighted:
            mean = (one + other) / 2
            return mean - between / 4 if self.euclidean else mean
        share = size / (size + other_size)
        mean = share * one + (1 - share) * other
        return mean - share * (1 - share) * between if self.euclidean else mean


LINKAGES: dict[str, Linkage] = {
    linkage.name: linkage
    for linkage in (
        Linkage("average"),
        Linkage("complete", join="least"),
        Linkage("single", join="most", unique=True),
        Linkage("weighted", weighted=True),
        Linkage("ward", euclidean=True, ward=True),
        Linkage("centroid", euclidean=True, reducible=False),
        Linkage("median", euclidean=True, weighted=True, reducible=False),
    )
}
"""All linkages by name."""


def get_linkage(name: str) -> Linkage:
    """Return a linkage by its name.

    Raises:
        RegistryError: there is none of that name.

    >>> get_linkage("ward").euclidean
    True
    """
    return lookup("linkage", LINKAGES, name)


def get_pairwise_linkage(name: str) -> Linkage:
    """Return a linkage by its name, of which `Linkage.pairwise` holds.

    Raises:
        RegistryError: there is no such linkage of that name.
    """
    return lookup("linkage", {n: x for n, x in LINKAGES.items() if x.pairwise}, name)


def needs_euclidean(linkage: Linkage, given: str) -> ClusteringError:
    """Return the error for a linkage that needs Euclidean distances and does not get them.

    Args:
        linkage: the one asked for.
        given: how the sentence goes on, to say what there is instead.
    """
    return ClusteringError(
        f"The linkage {linkage.name!r} needs Euclidean distances{given}; use "
        f"{_listed(name for name, other in LINKAGES.items() if not other.euclidean)}."
    )


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
