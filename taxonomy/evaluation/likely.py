"""Only where it looks likely: a coarse head on the trunk says which branches run for a picture.

A branch is a node right below the root, with all below it. The coarse head reads the trunk's map,
which every picture pays for anyway, and scores the branches; only the best few run. Or none runs,
and the coarse answer, a branch, is given as it is where it is sure enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy._core.errors import DataError, FileFormatError, check_whole, naming
from taxonomy._core.npz import numbers_in
from taxonomy.design.costs import entry_costs
from taxonomy.design.spec import NetSpec
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

STEPS = 101
"""Thresholds that are tried: quantiles of the best probability."""

POWER = 4
"""The first threshold is reached by so many times `least` pictures."""


def branches(hierarchy: Hierarchy) -> IntArray:
    """Return the nodes right below the root, whose branches run or do not.

    >>> branches(Hierarchy.from_nested([["cat", ["cow", "pig"]], ["bus", "car"], "tree"])).tolist()
    [1, 4]
    """
    nodes = hierarchy.nodes
    found: IntArray = nodes[hierarchy.parent[nodes] == 0]
    return found[found > 0]


def branch_of(hierarchy: Hierarchy) -> IntArray:
    """Return the place among `branches` of every class's; -1 for classes right below the root.

    >>> branch_of(Hierarchy.from_nested([["cat", ["cow", "pig"]], ["bus", "car"], "tree"])).tolist()
    [0, 0, 1, 1, 1, -1]
    """
    place = np.full(len(hierarchy), -1)
    for i, node in enumerate(branches(hierarchy)):
        place[node : hierarchy.stop[node]] = i
    found: IntArray = place[hierarchy.leaf_entries]
    return found


@dataclass(frozen=True, eq=False)
class CoarseHead:
    """A linear classifier of pictures by branch, on features of the trunk.

    Args:
        weight: shape (features, branches).
        bias: shape (branches,).

    Raises:
        DataError: shapes that do not agree, or values that are not finite.
    """

    weight: FloatArray
    bias: FloatArray

    def __post_init__(self) -> None:
        """Check the arrays."""
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[1:]:
            raise DataError(
                f"Weights of {self.weight.shape} and biases of {self.bias.shape} are no coarse "
                "head; give (features, branches) and (branches,)."
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise DataError("A coarse head's weights are not finite; fit it again.")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a picture."""
        return int(self.weight.size)

    def probabilities(self, features: npt.ArrayLike) -> FloatArray:
        """Return how likely each branch is, shape (pictures, branches); a row sums to 1.

        Args:
            features: shape (pictures, features).
        """
        return _softmax(np.asarray(features, dtype=np.float64) @ self.weight + self.bias)

    def save(self, path: Path | str) -> None:
        """Write an npz file."""
        io.save_npz(path, {"weight": self.weight, "bias": self.bias})

    @classmethod
    def load(cls, path: Path | str) -> CoarseHead:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
        """
        arrays = io.load_npz(path)
        with naming(path, FileFormatError):
            return cls(numbers_in(arrays, "weight", 2), numbers_in(arrays, "bias", 1))


def fit_coarse_head(
    features: npt.ArrayLike, targets: npt.ArrayLike, ridge: float = 1e-3, steps: int = 200
) -> CoarseHead:
    """Return the softmax regression of branches on features, by L-BFGS (Liu and Nocedal 1989).

    Features are standardised for the fit; the head that is returned reads them as they are.

    Args:
        features: of training pictures, shape (pictures, features).
        targets: place of each one's branch among `branches`, shape (pictures,).
        ridge: half of it times the sum of the squared weights is added to the mean cross-entropy.
        steps: at most.

    Raises:
        DataError: no pictures, or shapes that do not agree.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> head = fit_coarse_head(x, (x[:, 0] > 0).astype(int))
    >>> float((head.probabilities(x).argmax(1) == (x[:, 0] > 0)).mean()) > 0.95
    True
    """
    from scipy.optimize import minimize

    given, target = np.asarray(features, dtype=np.float64), np.asarray(targets, dtype=np.int64)
    if given.ndim != 2 or target.shape != given.shape[:1] or not len(given) or target.min() < 0:
        raise DataError(f"Features of {given.shape} and targets of {target.shape} fit no head.")
    mean, deviation = given.mean(0), given.std(0)
    scale = np.where(deviation > 0, deviation, 1.0)
    x, count, classes = (given - mean) / scale, len(given), int(target.max()) + 1
    wanted = np.eye(classes)[target]

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        weight, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        found = _softmax(x @ weight + bias)
        chance = np.maximum(found[np.arange(count), target], 1e-300)
        slope = (found - wanted) / count
        value = -np.log(chance).mean() + ridge * (weight**2).sum() / 2
        return value, np.concatenate([(x.T @ slope + ridge * weight).ravel(), slope.sum(0)])

    start = np.zeros((x.shape[1] + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    weight = found.x[:-classes].reshape(-1, classes) / scale[:, None]
    return CoarseHead(weight, found.x[-classes:] - mean @ weight)


def opened(likely: FloatArray, most: int, mass: float = 1.0) -> BoolArray:
    """Return which branches run for each picture, shape (pictures, branches).

    The likeliest ones, as many as it takes until their probabilities sum to ``mass``, and at most
    ``most``; of equally likely ones the first.

    Args:
        likely: from `CoarseHead.probabilities`.
        most: branches a picture, 1 or more.
        mass: in (0, 1].

    Raises:
        DataError: a useless number.

    >>> opened(np.array([[0.7, 0.2, 0.1], [0.4, 0.3, 0.3]]), 2, mass=0.6).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0]]
    """
    check_whole("`most`", most, 1, 10**6, DataError)
    if not 0 < mass <= 1:
        raise DataError(f"`mass` is {mass}; give a number above 0, up to 1.")
    order = np.argsort(-likely, axis=1, kind="stable")[:, :most]
    held = np.take_along_axis(likely, order, axis=1)
    before = held.cumsum(axis=1) - held
    runs = np.zeros(likely.shape, dtype=bool)
    np.put_along_axis(runs, order, (before < mass) | (mass == 1), axis=1)
    return runs


def answers_of_opened(predictions: Predictions, hierarchy: Hierarchy, runs: BoolArray) -> IntArray:
    """Return each picture's best class among those of the branches that run, shape (pictures,).

    Args:
        predictions: of the whole network, whose logits do not depend on which branches run.
        hierarchy: its tree.
        runs: from `opened`.

    Raises:
        DataError: shapes that do not agree.
    """
    place = branch_of(hierarchy)
    if runs.shape != (len(predictions), len(branches(hierarchy))):
        raise DataError(f"Branches of {runs.shape} do not fit {predictions}.")
    within = np.hstack([runs, np.ones((len(runs), 1), dtype=bool)])[:, place]  # -1: always there
    best: IntArray = np.where(within, predictions.logits, -np.inf).argmax(axis=1)
    return best


def mean_macs(spec: NetSpec, hierarchy: Hierarchy, runs: BoolArray, head: CoarseHead) -> float:
    """Return the mean multiply-accumulates of a picture: trunk, coarse head, branches that run.

    Args:
        spec: of the network.
        hierarchy: its tree.
        runs: from `opened`.
        head: that chooses.
    """
    _, macs = entry_costs(spec, hierarchy)
    nodes, place = branches(hierarchy), branch_of(hierarchy)
    each = np.array([macs[node : hierarchy.stop[node]].sum() for node in nodes])
    always = macs[0] + macs[hierarchy.leaf_entries[place < 0]].sum()
    return float(always + head.macs + runs.mean(axis=0) @ each)


@dataclass(frozen=True)
class Stopping:
    """From which probability on a coarse answer is given as it is.

    Args:
        threshold: the smallest such probability; infinite where no answer is sure enough.
        pictures: of the calibration that reach it.
        errors: how many of those are wrong.
        most_errors: the share of errors that was asked for.
        confidence: with which that holds for pictures like those.
    """

    threshold: float
    pictures: int
    errors: int
    most_errors: float
    confidence: float

    @property
    def bound(self) -> float:
        """The upper bound of the share of errors (Clopper and Pearson 1934)."""
        return upper_bound(self.errors, self.pictures, self.confidence)

    def to_dict(self) -> Mapping[str, io.Json]:
        """Return it as JSON; no threshold where no answer is sure enough."""
        threshold = self.threshold if self.pictures else None
        numbers = {"threshold": threshold, "pictures": self.pictures, "errors": self.errors}
        return numbers | {"most_errors": self.most_errors, "bound": self.bound}


def upper_bound(errors: int, count: int, confidence: float) -> float:
    """Return the one-sided upper bound of a share (Clopper and Pearson 1934).

    Args:
        errors: how many.
        count: of how many; 0 gives 1.
        confidence: in (0, 1).

    >>> round(upper_bound(0, 59, 0.95), 4)  # the rule of three: 3 / 59
    0.0495
    """
    from scipy.stats import beta

    return 1.0 if errors >= count else float(beta.ppf(confidence, errors + 1, count - errors))


def stopping(
    likely: FloatArray, right: BoolArray, most_errors: float, confidence: float = 0.95
) -> Stopping:
    """Return the lowest threshold on the best probability whose answers are wrong rarely enough.

    Thresholds are tried from high to low, a hundredth of the pictures more at a time, until one
    fails; as that order is fixed, the bound holds for the one that is taken (Angelopoulos et al.
    2021, fixed-sequence testing). The first is one that enough pictures reach (`POWER`) for an
    error among them not to end it at once.

    Args:
        likely: from `CoarseHead.probabilities`, of pictures that the head was not fitted on.
        right: whether each one's best branch is the right one.
        most_errors: the share of errors allowed among what is answered coarsely, in (0, 1).
        confidence: with which that holds, in (0, 1).

    Raises:
        DataError: a share outside (0, 1), or no pictures.
    """
    for name, value in (("most_errors", most_errors), ("confidence", confidence)):
        if not 0 < value < 1:
            raise DataError(f"`{name}` is {value}; give a share between 0 and 1.")
    if not likely.size:
        raise DataError("There are no pictures or no branches to calibrate a coarse answer on.")
    sure = likely.max(axis=1)
    levels = np.unique(np.quantile(sure, np.linspace(0, 1, STEPS)))[::-1]
    found = Stopping(np.inf, 0, 0, most_errors, confidence)
    for level in levels:
        reached = sure >= level
        errors, count = int((reached & ~right).sum()), int(reached.sum())
        if count < POWER * least(most_errors, confidence):
            continue
        if upper_bound(errors, count, confidence) > most_errors:
            break
        found = Stopping(float(level), count, errors, most_errors, confidence)
    return found


def least(most_errors: float, confidence: float) -> int:
    """Return how many pictures without an error it takes to tell that a share holds.

    >>> least(0.05, 0.95)
    59
    """
    return int(np.ceil(np.log(1 - confidence) / np.log(1 - most_errors)))


def _softmax(logits: FloatArray) -> FloatArray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = odds / odds.sum(axis=1, keepdims=True)
    return shares
