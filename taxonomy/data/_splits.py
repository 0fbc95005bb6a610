"""Which pictures are for training, validation and test, where a data set does not say so itself.

Splits are drawn from a sha256 of each picture's key, so that they need no random generator, are
the same everywhere, and adding pictures moves no other one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection
from typing import Literal

from taxonomy._core.errors import DataError

log = logging.getLogger(__name__)

Rule = Callable[[str], str]
"""Gives the split of a picture, from its key."""

SHARES = (0.7, 0.15)
"""Shares of training and validation where a data set has no splits; the rest is test."""

Policy = Literal["auto", "named"]


def fraction(key: str) -> float:
    """Return a number in [0, 1) that looks random and depends on the key only.

    >>> round(fraction("cat/1.png"), 6) == round(fraction("cat/1.png"), 6)
    True
    """
    # File names that are not UTF-8 come as surrogates.
    content = key.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big") / 2**64


def drawn_in_three(key: str) -> str:
    """Return the split of a picture of a data set without splits, by `SHARES`."""
    number = fraction(key)
    if number < SHARES[0]:
        return "train"
    return "val" if number < sum(SHARES) else "test"


def rules(found: Collection[str], policy: Policy, held_out: float, where: str) -> dict[str, Rule]:
    """Return, for each of the splits that a data set names, the rule that splits its pictures.

    With ``train``, ``val`` and ``test`` these are the splits. ImageNet and many others have no
    labelled test. Tuning on what is reported would flatter every result, so by the policy
    ``auto`` the ``val`` of such a set becomes the test split, and the validation split is drawn
    from ``train``; the latter also where there is a ``test`` but no ``val``. The policy ``named``
    keeps all names as they are.

    Args:
        found: the splits that the data set names, some of train, val and test.
        policy: ``auto`` or ``named``.
        held_out: share of the training pictures drawn for validation where needed, in (0, 1).
        where: names the data set in messages.

    Raises:
        DataError: there is nothing to train on, or nothing to test on.
    """
    if not 0 < held_out < 1:
        raise DataError(f"The share held out is {held_out}; give one between 0 and 1 (`held_out`).")
    if "train" not in found:
        raise DataError(f"{where}: has a folder {min(found)!r} but no folder 'train'.")
    as_named: dict[str, Rule] = {name: _always(name) for name in found}
    if policy == "named" or len(found) == 3:
        return as_named
    if len(found) == 1:
        raise DataError(
            f"{where}: has a folder 'train' but neither 'val' nor 'test'. Add one of them, or give "
            "the folder 'train' itself as the data: its pictures are then drawn into three splits."
        )

    def held_out_of_train(key: str) -> str:
        return "val" if fraction(key) < held_out else "train"

    if "test" not in found:
        log.warning(
            "%s has no 'test': its 'val' is the test split, and %.3g%% of 'train', drawn by name, "
            'are the validation split (`splits="named"` keeps the names).',
            where,
            100 * held_out,
        )
        return {"train": held_out_of_train, "val": _always("test")}
    return {**as_named, "train": held_out_of_train}


def _always(split: str) -> Rule:
    return lambda _: split
