"""Any picture data set that the package `datasets` of Hugging Face loads: by name, folder or file.

It loads by name from the hub, or from a folder of its own; see `from_dataset` for one in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from taxonomy._core import io
from taxonomy._core.cached import Bytes
from taxonomy._core.checked import check_options
from taxonomy._core.errors import DataError, did_you_mean
from taxonomy._core.folders import SPLITS, split_of
from taxonomy._core.registry import require
from taxonomy.data._decoded import Encoded, Unreadable, decoded
from taxonomy.data._pictures import Pictures
from taxonomy.data._splits import Policy, drawn_in_three, rules
from taxonomy.data.preprocessing import Preprocessing


@dataclass(frozen=True)
class HubDataset:
    """Pictures loaded by the package `datasets`.

    The splits are those of the data set, by the same policy as for a folder: where it has no
    labelled test split, its validation split is the test and a share of the training pictures,
    drawn by their row numbers, is for validation.

    Args:
        name: of the data set on the hub, or a folder or script that `datasets.load_dataset` takes.
        configuration: which one to load, where it has several.
        image: column of the pictures; empty for the only column of pictures.
        label: column of the classes; empty for ``label``, ``fine_label``, or the only one.
        resolution: pictures are scaled to cover a square of this side and cropped in the centre.
        splits: ``auto``, or ``named`` to keep the splits as they are.
        held_out: share of the training pictures drawn for validation where needed.
        unreadable: ``refuse``, or ``skip`` to leave out pictures that cannot be read.
        cache: folder of decoded pictures; empty for $TAXONOMY_CACHE or the platform's.
    """

    name: str = ""
    configuration: str = ""
    image: str = ""
    label: str = ""
    resolution: int = 32
    splits: Policy = "auto"
    held_out: float = 0.05
    unreadable: Unreadable = "refuse"
    cache: str = ""

    def __call__(self) -> Pictures:
        """Load the data set and decode it.

        Raises:
            MissingExtraError: the package `datasets` is not installed.
            DataError: it cannot be loaded, or has no such columns.
        """
        if not self.name:
            raise DataError("The data set 'hub' needs a name (`name`), such as 'cifar10'.")
        library = require("datasets")
        try:
            loaded = library.load_dataset(self.name, self.configuration or None)
        except (OSError, ValueError, RuntimeError, library.exceptions.DatasetsError) as error:
            raise DataError(f"{self.name}: datasets cannot load it ({error}).") from error
        return from_dataset(loaded, self)


def from_dataset(loaded: Any, options: HubDataset | None = None) -> Pictures:
    """Return the pictures of a `datasets.Dataset` or a mapping of split names to them.

    A single `Dataset` has no splits, and each picture's split is drawn from its row number:
    70 % training, 15 % validation, 15 % test.

    Args:
        loaded: a `datasets.Dataset`, or a `datasets.DatasetDict`.
        options: its name and configuration are not used.

    Raises:
        DataError: missing columns or splits, pictures without a label, or unreadable pictures.
    """
    library = require("datasets")
    options = options or HubDataset()
    check_options(options, DataError)
    parts = _parts(loaded, options)
    image, label = _columns(library, parts[0][1], options)
    names = [_label_names(part, label) for _, part, _ in parts]
    rows = sorted(
        (SPLITS.index(split), part, row)
        for part, (name, dataset, rule) in enumerate(parts)
        for row in range(len(dataset))
        for split in [rule(f"{name}/{row}")]
    )
    preprocessing = Preprocessing(options.resolution)
    raw = [dataset.with_format("arrow") for _, dataset, _ in parts]  # files, not yet decoded

    def where(index: int) -> str:
        _, part, row = rows[index]
        return f"{parts[part][0]}, row {row}"

    def load(index: int) -> Bytes:
        _, part, row = rows[index]
        value = raw[part][row].column(image)[0].as_py()
        if not value or not (value["bytes"] or value["path"]):
            raise DataError(f"{where(index)}: has no picture.")
        file = BytesIO(value["bytes"]) if value["bytes"] else value["path"]
        return preprocessing.picture(file, where(index))

    marks = [getattr(dataset, "_fingerprint", "") for _, dataset, _ in parts]
    how = ["hub", image, label, options.resolution, options.splits, options.held_out]
    origin = [options.name, options.configuration] if options.name else marks
    encoded = Encoded(
        source=io.digest([origin, how]),
        content=io.digest([marks, how]),
        labels=[names[part][row] for _, part, row in rows],
        splits=[split for split, _, _ in rows],
        load=load,
        where=where,
    )
    return decoded(encoded, options.resolution, options.unreadable, options.cache, workers=1)


def _parts(loaded: Any, options: HubDataset) -> list[tuple[str, Any, Any]]:
    """Return name, data and rule of every split with labels."""
    if not isinstance(loaded, Mapping):
        return [("row", loaded, drawn_in_three)]
    where = f"The data set {options.name!r}" if options.name else "The data set"
    known: dict[str, Any] = {}
    for name in sorted(loaded, key=str):
        split = split_of(str(name))
        if split in known:
            raise DataError(f"{where} has two splits that both mean {split!r}: {list(loaded)}.")
        if split and not _unlabelled(loaded[name], options):
            known[split] = loaded[name]
    known = {split: known[split] for split in SPLITS if split in known}
    if not known:
        raise DataError(f"{where} has none of the splits {', '.join(SPLITS)}: {list(loaded)}.")
    if list(known) == ["train"] and options.splits == "auto":
        return [("train", known["train"], drawn_in_three)]
    made = rules(known.keys(), options.splits, options.held_out, where)
    return [(name, known[name], rule) for name, rule in made.items()]


def _unlabelled(part: Any, options: HubDataset) -> bool:
    """Return whether a split's labels are withheld, which is written as -1 throughout."""
    label = options.label or ("label" if "label" in part.column_names else "")
    return bool(label) and len(part) > 0 and set(part.unique(label)) == {-1}


def _columns(library: Any, part: Any, options: HubDataset) -> tuple[str, str]:
    """Return the columns of pictures and labels.

    Raises:
        DataError: a column asked for is not there, or it is not clear which to take.
    """
    features = part.features
    pictures = [n for n, feature in features.items() if isinstance(feature, library.Image)]
    classes = [n for n, feature in features.items() if isinstance(feature, library.ClassLabel)]
    usual = [n for n in ("label", "fine_label") if n in features]
    found = []
    for given, field, guesses in (
        (options.image, "image", pictures),
        (options.label, "label", usual or classes),
    ):
        if given and given not in features:
            near = did_you_mean(given, features)
            raise DataError(f"There is no column {given!r}.{near} Columns: {', '.join(features)}.")
        if not given and not guesses:
            raise DataError(
                f"No column holds {field}s by its type; name one (`{field}`): "
                f"{', '.join(features)}."
            )
        found.append(given or guesses[0])
    return found[0], found[1]


def _label_names(part: Any, label: str) -> list[str]:
    """Return every row's class."""
    feature, values = part.features[label], part[label]
    values = list(values)
    named = hasattr(feature, "int2str")
    if any(value is None or value == -1 for value in values):
        raise DataError(
            f"{sum(v is None or v == -1 for v in values)} rows have no label in the column "
            f"{label!r}; filter them out first."
        )
    return [feature.int2str(value) if named else str(value) for value in values]
