"""The table of differences, as data and as it stands in SCORING.md: `python -m tests.scoring_diff.table` prints it."""

import tomllib
from pathlib import Path
from typing import Any

DIFFERENCES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text())[
    "difference"
]


def expected(ask: str) -> set[str]:
    """Give the fields in which the answers to one request differ."""
    return {name for row in DIFFERENCES if ask in row["asks"] for name in row["fields"]}


def markdown() -> str:
    """Show the table."""
    head = "| | azureml-inference-server-http 1.5.1 | this server | because |\n|---|---|---|---|\n"
    return head + "".join("| {what} | {theirs} | {ours} | {reason} |\n".format(**row) for row in DIFFERENCES)


if __name__ == "__main__":
    print(markdown(), end="")
