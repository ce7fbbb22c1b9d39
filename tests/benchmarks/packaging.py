"""`python -m tests.benchmarks.packaging [--rounds N] [ROW...]`: the table of packaging, measured in one run.

Contenders take turns round by round, so that a busy moment of the machine hits all of them. Prints the
table; writes it with every sample to `.cache/benchmarks/packaging.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
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
            rows.append(table.summary(row, samples))
        facts = {
            "cores": os.cpu_count(),
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load": os.getloadavg(),
            "image_bytes": ours.size,
        }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")
    print("\n".join(table.lines(rows)), flush=True)
    parts.tidy()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.benchmarks.packaging")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(row.key for row in ROWS))
    given = parser.parse_args()
    main(given.rows, given.rounds)
