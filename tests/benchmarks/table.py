"""The table: medians, ratios, and whether a ratio reaches what we want."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.ours import DAEMON, STORE
from tests.benchmarks.rows import Row, Times

COLUMNS = ("pip", "uv", "floor", STORE, DAEMON)
Samples = list[Times]


def summary(row: Row, samples: Samples) -> dict[str, object]:
    """Give a row as data: medians in seconds, all samples, ratios with their bars."""
    medians = {column: median(times) for column in COLUMNS if (times := [s[column] for s in samples if column in s])}
    ratios = {
        ours: {
            other: {"ratio": medians[other] / medians[ours], "bar": bar, "met": medians[other] / medians[ours] >= bar}
            for other, bar in bars.items()
            if other in medians and ours in medians
        }
        for ours, bars in row.bars.items()
    }
    return {"key": row.key, "title": row.title, "median": medians, "samples": samples, "ratios": ratios}


def lines(rows: list[dict]) -> list[str]:
    """Write the rows as a Markdown table."""
    out = ["| change | pip | uv | floor | ours, store | ours, daemon | store is faster by | daemon is faster by |"]
    out.append("|---|--:|--:|--:|--:|--:|---|---|")
    for row in rows:
        cells = [_seconds(row["median"].get(column)) for column in COLUMNS]
        cells += [_ratios(row["ratios"].get(ours, {})) for ours in (STORE, DAEMON)]
        out.append(f"| {' | '.join([row['title'], *cells])} |")
    return out


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _ratios(ratios: dict[str, dict]) -> str:
    return ", ".join(
        f"{other} {found['ratio']:.3g}x (want {found['bar']:.3g}{'' if found['met'] else ', MISSED'})"
        for other, found in ratios.items()
    )
