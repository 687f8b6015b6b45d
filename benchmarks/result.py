"""Results of benchmarks, and the one table of them all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COLUMNS = ("what", "reach", "measured", "met")


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    reach: str
    """The target; empty for a peer or a limit that stands beside for comparison."""
    measured: str
    met: bool | None = None
    """None where there is nothing to reach."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """The same in numbers, the unit at the end of each name."""
    timed: bool = False
    """It is about time, which a machine that does other work too takes more of: a target, but no test of the suite."""

    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.reach, self.measured, {True: "yes", False: "NO", None: ""}[self.met]


def table(rows: Sequence[Row]) -> str:
    """A table in Markdown that is also readable as it is."""
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([texts[0], "|-" + "-|-".join("-" * width for width in widths) + "-|", *texts[1:]])


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that so large a part of all values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def milliseconds(seconds: float) -> str:
    """With three digits, or as many as there are before the point."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"
