"""Anybody's predictions, read as answers on a tree: which columns are what, and which classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core.arrays import Float32Array, IntArray
from taxonomy._core.errors import DataError, check_choice, did_you_mean, naming, shown
from taxonomy._core.io import load_npz
from taxonomy.evaluation.answers import Answers, Kind, Scores, kind_of
from taxonomy.evaluation.matching import Finder, listing
from taxonomy.evaluation.sheets import Sheet, Texts, open_sheet
from taxonomy.labels import LabelSet
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

_CALLED = {
    "true": (
        *("true", "target", "targets", "truth", "groundtruth", "gt", "label", "labels", "actual"),
        *("ytrue", "y", "trueclass", "truelabel", "trueid", "targetclass", "expected"),
    ),
    "predicted": (
        *("predicted", "prediction", "predictions", "pred", "preds", "ypred", "yhat"),
        *("predictedclass", "predictedlabel", "predclass", "predlabel", "answer", "top1"),
    ),
    "sample": (
        *("sample", "sampleid", "image", "imageid", "picture", "filename", "file", "path"),
        *("imagepath", "filepath", "id", "index", "key", "uuid", "unnamed0", ""),
    ),
    "category": ("class", "classid", "classname", "category", "categoryid", "candidate"),
    "value": (
        *("score", "scores", "logit", "logits", "probability", "probabilities", "prob", "probs"),
        *("confidence", "value", "p"),
    ),
}
"""What columns are called, without capitals, spaces and underscores; the better name first."""


@dataclass(frozen=True)
class Columns:
    """Which columns are what; what is left empty is told by its name.

    Args:
        true: of the true classes.
        predicted: of the predicted ones; where it is given, scores are not read.
        sample: that tells samples apart, in a table with a row for each sample and class.
        category: of the class that a row of such a table is about.
        value: of the score in such a table, or the array of scores in an npz.
        by: of the groups.
        ignore: not read at all.
    """

    true: str = ""
    predicted: str = ""
    sample: str = ""
    category: str = ""
    value: str = ""
    by: str = ""
    ignore: tuple[str, ...] = ()


def read_answers(
    source: Predictions | Path | str | Mapping[str, Any] | Any,
    tree: Hierarchy,
    columns: Columns,
    classes: LabelSet | Path | str | Iterable[str] | None = None,
    kind: str = "",
    split: str = "",
) -> Answers:
    """Return predictions of any form as answers on a tree.

    Args:
        source: see `taxonomy.evaluation.score`.
        tree: of the classes.
        columns: which are what.
        classes: what numbers count.
        kind: of the scores.
        split: of a run's folder; empty for the validation split.

    Raises:
        DataError: no such column, values that fit no column of their kind, or a split of what has
            none.
        FileFormatError: a file that cannot be read.
        LabelError: classes that the tree does not have.
    """
    if kind:
        check_choice("kind", kind, Kind, DataError)
    if isinstance(source, (str, Path)) and Path(source).is_dir():
        source = Path(source) / f"predictions-{split or 'val'}.npz"
    elif split:
        raise DataError("Only a run's folder has predictions by `split`; leave it out.")
    where = str(source) if isinstance(source, (str, Path)) else ""
    with naming(where) if where else nullcontext():
        if where.lower().endswith(".npz"):
            arrays = load_npz(where)
            source = Predictions.load(where) if arrays.keys() >= _OWN else arrays
        if isinstance(source, Predictions):
            if named := [role for role, name in vars(columns).items() if name]:
                raise DataError(
                    f"Predictions of a network have no columns to name; leave out `{named[0]}`."
                )
            return Answers.of_predictions(source, tree)
        sheet = open_sheet(source, columns.value)
        return _Reading(sheet, tree, columns, Finder(tree, classes), kind).answers()


_OWN = {"ids", "logits", "targets", "split"}
"""Arrays by which an npz is known as one that `Predictions.save` wrote."""


@dataclass
class _Reading:
    """One table on its way to being answers."""

    sheet: Sheet
    tree: Hierarchy
    columns: Columns
    finder: Finder
    kind: str
    notes: list[str] = field(default_factory=list)

    def answers(self) -> Answers:
        """Return the answers, by which of the three forms the columns have."""
        named = {*vars(self.columns).values(), *self.columns.ignore}
        free = [name for name in self.sheet.names if name not in named]
        classes = [name for name in free if self.finder.is_class(name)]
        if self.columns.predicted:
            return self._labels()
        if self.sheet.unnamed or (len(classes) > 1 and not self.columns.category):
            return self._wide(classes)
        if self._role("category", needed=False) and self._role("value", needed=False):
            return self._long()
        if self._role("predicted", needed=False):
            return self._labels()
        return self._wide(classes)

    def _role(self, role: str, needed: bool = True, taken: Iterable[str] = ()) -> str:
        """Return the column that is called for something, or else an empty text.

        Raises:
            DataError: the column that was named is not there, or none is called so.
        """
        given, names = getattr(self.columns, role), self.sheet.names
        if given:
            if given not in names:
                raise DataError(
                    f"There is no column {shown(given)} (`{role}`).{did_you_mean(given, names)} "
                    f"There are: {_few(names)}."
                )
            return str(given)
        plain = {re.sub(r"[\W_]", "", name.casefold()): name for name in reversed(names)}
        left = {key: name for key, name in plain.items() if name not in set(taken)}
        for called in _CALLED.get(role, ()):
            if called in left and left[called] not in self.columns.ignore:
                return left[called]
        if needed:
            raise DataError(
                f"No column is called as if it held the {_SAID[role]}; name it as `{role}`. There "
                f"are: {_few(names)}."
            )
        return ""

    def _group(self) -> list[str]:
        return [self._role("by")] if self.columns.by else []

    def _labels(self) -> Answers:
        predicted = self._role("predicted")
        true, group = self._role("true", taken=[predicted]), self._group()
        self._tell({"true": true, "predicted": predicted}, [true, predicted, *group])
        texts, _ = self.sheet.load([true, predicted, *group], [])
        best = self.finder.places(_present(texts, predicted), f"the column {shown(predicted)}")
        return Answers(
            self.tree,
            self._true(texts, true),
            np.array(best, dtype=np.int64),
            groups=texts[group[0]] if group else (),
            by=self.columns.by,
            notes=tuple(self.notes),
        )

    def _wide(self, classes: list[str]) -> Answers:
        """Read a table with a column a class."""
        true, group = self._role("true", taken=classes), self._group()
        if self.sheet.unnamed:
            entries = self._unnamed_classes()
        else:
            classes = self._class_columns(classes, {true, *group})
            entries = self.finder.leaves(classes, "the names of columns")
            self._tell({"true": true}, [true, *group, *classes])
        texts, values = self.sheet.load([true, *group], classes)
        order = self._columns_in_order(entries, classes)
        if not self.finder.numbered:
            self.finder.numbered = entries
        own = np.array(entries, dtype=np.int64)[order]
        groups = texts[group[0]] if group else ()
        return self._scored(own, values[:, order], self._true(texts, true), list(groups))

    def _unnamed_classes(self) -> list[int]:
        entries, count = self.finder.numbered, self.sheet.unnamed
        if len(entries) != count:
            held = f"`classes` has {len(entries):,}" if entries else "nothing names them"
            raise DataError(
                f"The scores are of {count:,} classes and {held}; name them in the order of the "
                "columns as `classes`, or in an array 'classes' beside the scores."
            )
        return entries

    def _class_columns(self, classes: list[str], used: set[str]) -> list[str]:
        """Return the columns of scores, having refused those that could be a class and are none."""
        left = [
            name
            for name in self.sheet.names
            if name not in {*classes, *used, *self.columns.ignore}
            and re.sub(r"[\W_]", "", name.casefold()) not in _CALLED["sample"]
            and name != self.columns.sample
        ]
        numeric = [name for name in left if self.sheet.is_numeric(name)]
        plain = [name for name in numeric if name.isdecimal()]
        if self.finder.numbered and len(plain) == len(self.finder.numbered) and not classes:
            return plain
        predicted = self._role("predicted", needed=False)
        wrong = [name for name in numeric if name != predicted]
        if wrong or not classes:
            names = wrong or list(self.sheet.names)
            listed = listing(names, "columns that are no class")
            what = "are no class of the tree" if classes else "say what was predicted in no way"
            raise DataError(
                f"The columns {listed} {what}.{did_you_mean(names[0], self.tree.leaves)} Give a "
                "column for each class, called by its id or name; or one of predicted classes, as "
                "`predicted`; and name columns that are no scores as `ignore`."
            )
        return classes

    def _columns_in_order(self, entries: list[int], classes: list[str]) -> IntArray:
        """Return the order of columns by label id, which decides between equal scores."""
        if len(set(entries)) < len(entries):
            twice = next(e for e in entries if entries.count(e) > 1)
            both = [name for name, entry in zip(classes, entries, strict=False) if entry == twice]
            raise DataError(
                f"The columns {_few(both)} are one class of the tree, "
                f"{shown(self.tree.leaf[twice])}; name one of them as `ignore`."
            )
        ids = np.array([self.tree.leaf[entry] for entry in entries], dtype=object)
        return np.argsort(ids, kind="stable")

    def _long(self) -> Answers:
        """Read a table with a row for each sample and class."""
        category, value = self._role("category"), self._role("value")
        sample = self._role("sample", taken=[category, value])
        true = self._role("true", taken=[category, value, sample])
        group = self._group()
        told = {"true": true, "sample": sample, "class": category, "score": value}
        self._tell(told, [*told.values(), *group])
        texts, column = self.sheet.load([true, sample, category, *group], [value])
        found = self.finder.leaves(_present(texts, category), f"the column {shown(category)}")
        ids = sorted({str(self.tree.leaf[entry]) for entry in found})
        own = self.tree.leaf_entries[self.tree.positions(ids)]
        at = {int(entry): i for i, entry in enumerate(own)}
        place = np.array([at[entry] for entry in found])
        rows: dict[str, int] = {}
        row = np.array([rows.setdefault(name, len(rows)) for name in texts[sample]])
        _, first = np.unique(row, return_index=True)
        for name in (true, *group):
            cells = np.array(texts[name], dtype=object)
            if (cells != cells[first][row]).any():
                worst = list(rows)[row[np.flatnonzero(cells != cells[first][row])[0]]]
                raise DataError(
                    f"The sample {shown(worst)} has several values in the column {shown(name)}."
                )
            texts[name] = cells[first].tolist()
        values = self._pivoted(row, place, column[:, 0], (len(rows), len(own)), list(rows), ids)
        groups = texts[group[0]] if group else []
        return self._scored(own, values, self._true(texts, true), groups)

    def _pivoted(
        self,
        row: IntArray,
        place: IntArray,
        column: Float32Array,
        shape: tuple[int, int],
        samples: list[str],
        ids: list[str],
    ) -> Float32Array:
        """Return scores in a row a sample; what is left out of probabilities is 0."""
        cells = row * shape[1] + place
        count = np.bincount(cells, minlength=shape[0] * shape[1])
        if count.max(initial=0) > 1:
            sample, twice = divmod(int(count.argmax()), shape[1])
            raise DataError(
                f"The sample {shown(samples[sample])} has {count.max()} scores for the class "
                f"{shown(ids[twice])}."
            )
        values = np.zeros(shape, dtype=np.float32)
        values[row, place] = column
        if not count.all() and self.kind != "probabilities" and kind_of(values, "")[0] == "logits":
            sample, lacking = divmod(int(count.argmin()), shape[1])
            raise DataError(
                f"The sample {shown(samples[sample])} has no score for the class "
                f"{shown(ids[lacking])}. Give every sample a score for every class; only zeros may "
                'be left out, of probabilities (`kind="probabilities"`).'
            )
        return values

    def _scored(
        self, own: IntArray, values: Float32Array, true: IntArray, groups: list[str]
    ) -> Answers:
        kind, note = kind_of(values, self.kind)
        at = np.full(len(self.tree), -1)
        at[own] = np.arange(len(own))
        if (at[true] < 0).any():
            bare = sorted({str(self.tree.leaf[entry]) for entry in true[at[true] < 0]})
            raise DataError(f"Samples are of {_few(bare)}, for which there are no scores.")
        lacking = len(self.tree.leaves) - len(own)
        more = [f"the tree has {lacking:,} more classes, without scores"] if lacking else []
        notes = (*self.notes, *filter(None, [note]), *more)
        scores = Scores(own, values, kind, at[true])
        return Answers.of_scores(self.tree, scores, groups, self.columns.by, notes)

    def _true(self, texts: Texts, true: str) -> IntArray:
        found = self.finder.leaves(_present(texts, true), f"the column {shown(true)}")
        return np.array(found, dtype=np.int64)

    def _tell(self, roles: Mapping[str, str], used: Iterable[str]) -> None:
        """Note which columns are what, and which are not read."""
        said = ", ".join(f"{role} from {shown(name)}" for role, name in roles.items())
        others = [name for name in self.sheet.names if name not in {*used}]
        self.notes.append(said + f"; not read: {_few(others)}" * bool(others))


_SAID = {
    "true": "true classes",
    "predicted": "predicted classes",
    "sample": "names of samples",
    "category": "class of a score",
    "value": "score",
    "by": "groups",
}


def _present(texts: Texts, name: str) -> list[str]:
    """Return a column's cells, none of which may be empty.

    Raises:
        DataError: one is.
    """
    if "" in texts[name]:
        row = texts[name].index("") + 1
        raise DataError(f"The cell in row {row:,} of the column {shown(name)} is empty.")
    return texts[name]


def _few(names: Iterable[str]) -> str:
    some = [shown(name) for name in names]
    return ", ".join(some[:8]) + f" and {len(some) - 8:,} more" * (len(some) > 8)
