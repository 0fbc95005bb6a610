"""`ComparisonReport`: all that is found when trees are compared, as tables and as a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.endings import TABLES, check_ending
from taxonomy._core.errors import FileFormatError, HierarchyError, WriteError
from taxonomy._core.registry import lookup, require
from taxonomy.comparison.comparing import chosen_metrics, compare, over_shared_labels
from taxonomy.comparison.cut_agreement import Agreement, agreement
from taxonomy.comparison.mapping import tree_map
from taxonomy.comparison.movement import moved
from taxonomy.comparison.report import conclusion
from taxonomy.comparison.report_folder import MARK, write
from taxonomy.comparison.table import METRICS
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

NAMED_FARTHEST = 3


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """Trees compared in every way; each table is worked out when it is asked for.

    Trees of different label sets are compared over the labels that all of them share, which the
    report says, and what is left out.

    Args:
        trees: two or more, by display name.
        metrics: names from `METRICS`; all when empty.
        samples: random relabellings that give every metric's value by chance; none with 0.
        seed: of the relabellings, here and in the null bands of the curves.
        distance: the metric by which the map lays the trees out; triplet_distance where that is
            among the metrics, else the first of them.
        pairs: of so many pairs at most, the first ones, curve and tanglegram are drawn.
        groups: of the trees, by name, which the map tells apart; by default what made a tree, as
            its provenance says.
        names: of classes, by id, for people to read; by default WordNet's where ids are its codes.

    Raises:
        HierarchyError: fewer than two trees, fewer than three shared labels, or a group is missing.
        RegistryError: an unknown metric.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
    >>> report = ComparisonReport({"A": a, "B": b})
    >>> float(report.table["triplet_distance"][0]), report.moved["label"][0]
    (0.5, 'owl')
    """

    trees: Mapping[str, Hierarchy]
    metrics: tuple[str, ...] = ()
    samples: int = 0
    seed: int = 0
    distance: str = ""
    pairs: int = 10
    groups: Mapping[str, str] | None = None
    names: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Check what can be checked at once."""
        check_options(self, HierarchyError)
        self.shared  # noqa: B018 (refuses trees that cannot be compared)
        chosen = chosen_metrics(self.metrics)
        if self.distance and lookup("metric", METRICS, self.distance) not in chosen.values():
            raise HierarchyError(f"`distance` is {self.distance}; name it in `metrics`, too.")
        if missing := sorted({*self.trees} - {*(self.groups or self.trees)}):
            raise HierarchyError(f"`groups` lacks the tree {missing[0]!r}; give it a group.")

    @cached_property
    def shared(self) -> Mapping[str, Hierarchy]:
        """The trees over the labels that all of them have."""
        return over_shared_labels(self.trees)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a pair, one column a metric, as `compare` gives it."""
        return compare(self.trees, self.metrics, self.samples, self.seed)

    @cached_property
    def values(self) -> pd.DataFrame:
        """One row for every metric of every pair.

        Columns: ``a``, ``b``, ``labels``, ``left_out``, ``metric``, ``value``, ``equal`` (the value
        of equal trees) and, with samples, ``expected`` and ``p``.
        """
        import pandas as pd

        rows = []
        for row in self.table.to_dict("records"):
            pair = {key: row[key] for key in ("a", "b", "labels", "left_out")}
            for name in chosen_metrics(self.metrics):
                found = {"metric": name, "value": row[name], "equal": METRICS[name].best}
                if self.samples:
                    found |= {"expected": row[f"{name}_expected"], "p": row[f"{name}_p"]}
                rows.append(pair | found)
        return pd.DataFrame(rows)

    @cached_property
    def moved(self) -> pd.DataFrame:
        """How far each class moved in each pair, and from near which to near which.

        Columns: ``a``, ``b``, and those of `taxonomy.comparison.moved`.
        """
        import pandas as pd

        parts = []
        for a, b in combinations(self.shared, 2):
            part = moved(self.shared[a], self.shared[b])
            part.insert(0, "b", b)
            part.insert(0, "a", a)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def agreements(self) -> dict[tuple[str, str], Agreement]:
        """How the first pairs agree, cut by cut, by their names."""
        chosen = list(combinations(self.shared, 2))[: self.pairs]
        return {
            (a, b): agreement(self.shared[a], self.shared[b], seed=self.seed) for a, b in chosen
        }

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Those agreements as a table.

        Columns: ``a``, ``b``, and those of `taxonomy.comparison.Agreement`'s curve.
        """
        import pandas as pd

        parts = []
        for (a, b), found in self.agreements.items():
            part = found.curve.copy()
            part.insert(0, "b", b)
            part.insert(0, "a", a)
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["a", "b"])

    @cached_property
    def map(self) -> pd.DataFrame | None:
        """Where the trees lie in the plane; None for two trees, or where a distance is missing.

        Columns: ``tree``, ``group``, ``x``, ``y``.
        """
        if len(self.trees) < 3 or self.table[self.laid_out_by].isna().any():
            return None
        laid = tree_map(self.table, self.laid_out_by)
        laid.insert(1, "group", [self.group_of(name) for name in laid["tree"]])
        return laid

    @property
    def laid_out_by(self) -> str:
        """The metric that the map is laid out by."""
        chosen = [*chosen_metrics(self.metrics)]
        usual = "triplet_distance" if "triplet_distance" in chosen else chosen[0]
        return self.distance or usual

    def group_of(self, name: str) -> str:
        """Return a tree's group: the given one, or what made it."""
        if self.groups is not None:
            return self.groups[name]
        made = self.trees[name].provenance
        source = made.get("source")
        made = source if isinstance(source, Mapping) else made
        return " ".join(str(made[key]) for key in ("made_by", "model") if made.get(key)) or "other"

    @cached_property
    def called(self) -> Mapping[str, str]:
        """What classes are called, by id; those that have no other name are not among them."""
        if self.names is not None:
            return self.names
        from taxonomy.wordnet.known import display_names

        return display_names(next(iter(self.shared.values())).leaves)

    @cached_property
    def conclusions(self) -> dict[tuple[str, str], str]:
        """A sentence on each pair, by its names."""
        found = {}
        far = dict(iter(self.moved.groupby(["a", "b"], sort=False)))
        for row in self.table.to_dict("records"):
            pair = row["a"], row["b"]
            top = far[pair].head(NAMED_FARTHEST)
            top = top[top["moved"] > 0]
            farthest = [self.called.get(label, label) for label in top["label"]]
            found[pair] = conclusion(pair, row, farthest, self.agreements.get(pair))
        return found

    def __str__(self) -> str:
        """Return the conclusions."""
        return "\n".join(self.conclusions.values())

    def save(self, path: Path | str) -> Path:
        """Write the report as a folder, to be read from its ``report.html`` on, or the table alone.

        Tables as CSV, LaTeX and Markdown, pictures as SVG. The folder appears whole or not at all;
        an earlier report there is replaced. The same trees give the same bytes.

        Args:
            path: the folder; or a file that ends in ``.csv``, for `table`.

        Returns:
            the folder's ``report.html``, or the file.

        Raises:
            FileFormatError: the name has another ending, or is that of a file.
            MissingExtraError: matplotlib is not installed.
            WriteError: something else lies there, or it cannot be written.

        >>> import tempfile
        >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
        >>> b = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"]])
        >>> with tempfile.TemporaryDirectory() as place:
        ...     page = ComparisonReport({"A": a, "B": b}).save(f"{place}/report")
        ...     sorted(file.name for file in page.parent.iterdir())
        ['comparison.json', 'curves.csv', 'metrics.csv', 'metrics.md', 'metrics.tex', \
'moved.csv', 'pairs', 'report.html', 'trees.csv']
        """
        if check_report(path) == ".csv":
            io.write_text(path, self.table.to_csv(index=False))
            return Path(path)
        with io.atomic_folder(path, MARK) as folder:
            write(self, folder)
        return Path(path) / "report.html"


def check_report(path: Path | str) -> str:
    """Return what is going to be written at a path, before it is worked out.

    Returns:
        ``.csv``, the table alone, or an empty text: a folder.

    Raises:
        FileFormatError: the name has another ending, or is that of a file.
        WriteError: something else than a report lies there.
        MissingExtraError: matplotlib, which draws the report's pictures, is not installed.
    """
    folder = Path(path)
    if folder.suffix and not folder.is_dir():
        try:
            return check_ending(path, TABLES)
        except FileFormatError as error:
            raise FileFormatError(
                f"{error} The whole report is a folder, without an ending."
            ) from None
    if folder.is_file():
        raise FileFormatError(f"{path}: is a file; name a folder for the report.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise WriteError(folder, f"it is there and holds no {MARK}")
    require("matplotlib")
    return ""
