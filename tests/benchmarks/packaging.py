"""`python -m tests.benchmarks.packaging [--rounds N] [ROW...]`: the table of packaging, measured in one run.

Contenders take turns round by round, so that a busy moment of the machine hits all of them. Prints the
table; writes it with every sample to `.cache/benchmarks/packaging.json`, where rows that were not asked for stay as
the last run left them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from tests.benchmarks import parts, table
from tests.benchmarks.dockerfiles import both
from tests.benchmarks.ours import Ours, floor
from tests.benchmarks.rows import ROWS
from tests.services import CACHE, dockerd

RESULT = CACHE / "benchmarks" / "packaging.json"


def main(wanted: list[str], most: int) -> None:
    """Measure the rows asked for, or all, in `most` rounds at most: fewer are a look, no measurement."""
    CACHE.mkdir(exist_ok=True)
    os.environ["DOCKER_HOST"] = dockerd.up()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="benchmark-") as work:
        os.environ["DOCKER_CONFIG"] = work
        _say("Preparing the base image")
        parts.prepare()
        ours = Ours(Path(work))
        contenders = [*both(Path(work)), ours]
        rows = []
        for contender in contenders:
            contender.build()
        for row in ROWS:
            if wanted and row.key not in wanted:
                continue
            samples = []
            rounds = min(row.rounds, most)
            for number in range(rounds):
                times: dict[str, float] = {}
                for contender in contenders:
                    times |= row.measure(contender)
                if any("floor" in bars for bars in row.bars.values()):
                    times["floor"] = floor(ours.project)
                samples.append(times)
                shown = ", ".join(f"{column} {seconds:.3f}" for column, seconds in times.items())
                _say(f"{row.title}, round {number + 1} of {rounds}: {shown} (load {os.getloadavg()[0]:.1f})")
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            rows.append({**table.summary(row, samples), "when": when, "load": os.getloadavg()})
            keep(rows[-1:], ours.size)
    print("\n".join(table.lines(rows)), flush=True)
    parts.tidy()


def keep(rows: list[dict], image_bytes: int) -> None:
    """Write rows into the result, each as soon as it is measured."""
    before = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    known = {row["key"]: row for row in (*before, *rows)}
    facts: dict[str, object] = {"cores": os.cpu_count(), "machine": platform.platform(), "image_bytes": image_bytes}
    facts["versions"] = {"docker": parts.version(), "uv": metadata.version("uv"), "pip": parts.PIP}
    ordered = [known[row.key] for row in ROWS if row.key in known]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**facts, "rows": ordered}, indent=1) + "\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.benchmarks.packaging")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(row.key for row in ROWS))
    given = parser.parse_args()
    main(given.rows, given.rounds)
