"""`Recommendation`: the choices for some classes, which of them to take, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from taxonomy._core import io
from taxonomy._core.spelling import with_width

if TYPE_CHECKING:
    import pandas as pd

By = Literal["bytes", "macs", "ms"]
"""What makes one choice cheaper than another."""


@dataclass(frozen=True)
class Row:
    """One choice: an expert of a network in a format and a precision.

    Args:
        network: its name.
        width: the share of its channels that is kept, where it was trained at several.
        kind: ``expert``, or ``masked`` for a flat network without the other classes' outputs.
        target: name of the format.
        precision: ``float`` or ``int8``.
        params: parameters of the expert.
        macs: multiply-accumulates of one picture.
        bytes: of the model's file, which was written.
        foretold: bytes as `taxonomy.export.sizes.model_bytes` foretells them without a network;
            None where it does not know.
        accuracy: top-1 among the classes, in [0, 1], on their validation pictures.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        pictures: how many.
        ms: median time of a picture on this machine, where it was measured.
        command: makes it.
        fails: the limits that it does not keep.
        front: whether none of its target is better in one figure and as good in all others.
        behind: how much less accurate than the most accurate one that keeps the limits, or than
            the most accurate one where none does; by pairs of answers to the same pictures.
        behind_low: lower end of that difference's 95 % interval; above 0, it is no chance.
        behind_high: upper end.
    """

    network: str
    width: float
    kind: str
    target: str
    precision: str
    params: int
    macs: int
    bytes: int
    foretold: int | None
    accuracy: float
    low: float
    high: float
    pictures: int
    ms: float | None
    command: str
    fails: tuple[str, ...] = ()
    front: bool = False
    behind: float = 0.0
    behind_low: float = 0.0
    behind_high: float = 0.0

    @property
    def called(self) -> str:
        """The network, and at which width, in words."""
        return with_width(self.network, self.width)

    @property
    def name(self) -> str:
        """Network, width, target and precision, in words."""
        return f"{self.called} {self.target} {self.precision}"


@dataclass(frozen=True)
class Recommendation:
    """All choices for some classes, the cheapest first that keeps the limits; print it to read it.

    Args:
        classes: label ids, sorted.
        limits: by name: ``max_bytes``, ``max_macs``, ``max_ms``, ``min_accuracy``.
        by: what makes one choice cheaper than another.
        rows: the choices: those that keep the limits first, the cheaper ones first among them.
        notes: what was left out, and why.
    """

    classes: tuple[str, ...]
    limits: Mapping[str, float]
    by: By
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep the limits as they are now."""
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))

    @cached_property
    def digest(self) -> str:
        """The sha256 of all of it."""
        return io.digest(self.to_dict())

    @property
    def choice(self) -> Row | None:
        """The cheapest that keeps all limits, the more accurate among equals; None where none does.

        Where no accuracy is asked for, the cheapest of those that the pictures do not tell from the
        most accurate one.
        """
        kept = [row for row in self.rows if not row.fails]
        if "min_accuracy" not in self.limits:
            kept = [row for row in kept if row.behind_low <= 0]
        return min(kept, key=lambda row: price(row, self.by), default=None)

    @property
    def front(self) -> tuple[Row, ...]:
        """The Pareto choices of every target."""
        return tuple(row for row in self.rows if row.front)

    @property
    def nearest(self) -> Row:
        """Of the choices, the one whose worst failure of a limit is the least, as a share of it."""
        return min(self.rows, key=lambda row: (self._worst(row), price(row, self.by)))

    def _worst(self, row: Row) -> float:
        return max((self._missing(row, name) for name in row.fails), default=0.0)

    def _missing(self, row: Row, name: str) -> float:
        """Return by what share of a limit a choice fails it."""
        limit, value = self.limits[name], value_of(row, name)
        return (limit - value if name == "min_accuracy" else value - limit) / limit

    def shortfall(self) -> str:
        """Say which limits the nearest choice fails, and by how much."""
        row, parts = self.nearest, []
        for name in row.fails:
            limit, value = self.limits[name], value_of(row, name)
            if name == "min_accuracy":
                parts.append(
                    f"{100 * (limit - value):.1f} points of accuracy less than "
                    f"`min_accuracy={limit:g}` asks for ({value:.1%} of {row.pictures} pictures, "
                    f"95 % interval {row.low:.1%} to {row.high:.1%})"
                )
            else:
                more = 100 * self._missing(row, name)
                much = f"{more:{',.0f' if more >= 10 else '.2g'}} % more {_unit(name)}"
                told = f"({_number(value)} of {_number(limit)})"
                parts.append(f"{much} than `{name}` allows {told}")
        return (
            f"Nothing keeps all limits. The nearest is {row.name}: {', and '.join(parts)}. "
            "Loosen a limit, or train a network for these classes: taxonomy design."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a choice, with the columns of `Row`; ``fails`` as one text."""
        import pandas as pd

        rows = [asdict(row) | {"fails": " ".join(row.fails)} for row in self.rows]
        return pd.DataFrame(rows).assign(choice=[row is self.choice for row in self.rows])

    def to_dict(self) -> dict[str, io.Json]:
        """Return everything as JSON values."""
        chosen = self.choice
        return {
            "classes": list(self.classes),
            "limits": dict(self.limits),
            "by": self.by,
            "choice": None if chosen is None else self.rows.index(chosen),
            "shortfall": self.shortfall() if chosen is None else "",
            "rows": [asdict(row) for row in self.rows],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Return a table, what to make of it, and the commands of the Pareto choices."""
        commands = [row.command for row in self.rows if row.front or row is self.choice]
        return "\n".join([*self._table(), *self._reasons(), "commands:", *commands])

    def _table(self) -> list[str]:
        """Return the choices as lines of aligned columns."""
        head = ["", "network", "", "target", "", "parameters", "MACs", "bytes", "foretold"]
        timed = any(row.ms is not None for row in self.rows)
        head += ["ms"] * timed + ["accuracy", "95 %", "behind", "95 %", "fails"]
        lines = [head]
        for row in self.rows:
            mark = "*" if row is self.choice else "+" if row.front else ""
            line = [mark, row.called, row.kind, row.target, row.precision]
            line += [f"{value:,}" for value in (row.params, row.macs, row.bytes)]
            line += ["-" if row.foretold is None else f"{row.foretold:,}"]
            line += ["-" if row.ms is None else f"{row.ms:.3f}"] * timed
            line += [f"{100 * row.accuracy:.1f}", _span(row.low, row.high)]
            compared = row.behind_low < row.behind_high  # the most accurate is not, with itself
            span = _span(row.behind_low, row.behind_high) if compared else ""
            line += [f"{100 * row.behind:.1f}" if compared else "", span]
            lines.append([*line, " ".join(name.partition("_")[2] for name in row.fails)])
        wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
        left = {0, 1, 2, 3, 4, len(head) - 1}
        return [
            "  ".join(
                f"{cell:{width}}" if at in left else f"{cell:>{width}}"
                for at, (cell, width) in enumerate(zip(line, wide, strict=True))
            ).rstrip()
            for line in lines
        ]

    def _reasons(self) -> list[str]:
        """Return what the signs mean, why the choice was made, and what is not known."""
        lines = ["+ of its target, none is better in one figure and as good in the others"]
        chosen = self.choice
        if chosen is None:
            return [*lines, *self.notes]
        sized = {"bytes": "of the fewest bytes", "macs": "of the fewest MACs", "ms": "the fastest"}
        among = ["keep the limits"] if self.limits else []
        if "min_accuracy" not in self.limits:
            among.append(f"{chosen.pictures} pictures do not tell from the most accurate")
        told = " and that ".join(among)
        lines.append(f"* chosen: {chosen.name}, {sized[self.by]} among those that {told}")
        if chosen.behind > 0:
            verdict = "which is no chance" if chosen.behind_low > 0 else "which may be chance"
            lines.append(
                f"  the most accurate is {100 * chosen.behind:.1f} points better, 95 % interval "
                f"{_span(chosen.behind_low, chosen.behind_high)}, {verdict}"
            )
        if chosen.low < (asked := self.limits.get("min_accuracy", 0)):
            lines.append(
                f"  its accuracy may be below `min_accuracy={asked:g}`: the 95 % interval begins "
                f"at {chosen.low:.1%}"
            )
        return [*lines, *self.notes]


def _span(low: float, high: float) -> str:
    """Return an interval of shares in percent."""
    return f"{100 * low:.1f} to {100 * high:.1f}"


def price(row: Row, by: By) -> tuple[Any, ...]:
    """Return what choices are ordered by, the cheaper first, the more accurate among equals."""
    first = getattr(row, by)
    rest = (row.bytes, row.macs, row.network, row.width, row.target, row.precision)
    return (math.inf if first is None else first, -row.accuracy, *rest)


_UNITS = {"max_bytes": "bytes", "max_macs": "macs", "max_ms": "ms", "min_accuracy": "accuracy"}
"""The figure that each limit is about."""


def _unit(name: str) -> str:
    return {"macs": "MACs", "ms": "milliseconds"}.get(_UNITS[name], _UNITS[name])


def value_of(row: Row, name: str) -> float:
    """Return the figure of a choice that a limit is about."""
    return float(getattr(row, _UNITS[name]))


def keeps(row: Row, name: str, limit: float) -> bool:
    """Return whether a choice keeps a limit."""
    value = value_of(row, name)
    return value >= limit if name == "min_accuracy" else value <= limit


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
