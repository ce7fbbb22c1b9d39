"""How fast the scoring server is beside what people use today: `python -m tests.benchmarks.scoring`.

Contenders take turns round by round, so that a busy moment of the machine hits all of them; ratios are the
median of the ratios within one round. Every contender must give the same answer.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from tests.benchmarks.scoring_servers import BATCHING, OWN, environments, memory, serving, weight
from tests.services import CHECKOUT
from tests.services.packages import need

ROWS = [[float(n) for n in range(10)], [float(n) for n in range(10, 0, -1)]]
PREDICT = """
import json, os
import numpy as np
def init():
    global model
    from sklearn.{module} import {kind}
    x = np.random.RandomState(0).rand(200, 10)
    model = {kind}({options}).fit(x, x[:, 0])
def predict(rows):
    return model.predict(np.array(rows)).tolist()
def run(data):
    return predict(json.loads(data)["data"])
"""
BATCH = """
def run_batch(inputs):
    rows = [json.loads(text)["data"] for text in inputs]
    found = iter(model.predict(np.array([row for some in rows for row in some])).tolist())
    return [[next(found) for _ in some] for some in rows]
"""
PARSED = """
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
@input_schema("data", StandardPythonParameterType([[1.0]]))
def run(data):
    return predict(data)
"""
LARGE = """
import numpy as np
def init():
    global model
    model = np.ones(512 * 1024 * 1024 // 8)
def predict(rows):
    return float(model[: len(rows)].sum())
def run(data):
    return predict(data)
"""
EMPTY = "def init(): ...\ndef predict(rows): return []\ndef run(data): return []\n"
WAIT = """
import time
def init(): ...
def predict(rows):
    time.sleep(0.02)
    return []
def run(data):
    return predict(data)
"""
RIDGE = PREDICT.format(module="linear_model", kind="Ridge", options="")
FOREST = PREDICT.format(module="ensemble", kind="RandomForestRegressor", options="100, random_state=0")


Samples = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Ratio:
    """Ours against another's, with what we want."""

    ratio: float
    bar: float
    met: bool


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    title: str
    figures: dict[str, str]
    ratios: dict[str, dict[str, Ratio]]
    samples: Samples


@dataclass(frozen=True)
class Load:
    """One row of the table; bars are the wanted ratios to the others."""

    title: str
    script: str
    bars: dict[str, float]
    slow: dict[str, float] = field(default_factory=dict)  # the same of the 99th percentile
    connections: int = 16
    rows: int = 2
    workers: int = 1
    settings: dict[str, str] = field(default_factory=dict)
    extra: str = ""  # added to the script for our server only
    others: tuple[str, ...] = ()  # contenders in this row alone


LOADS = {
    "ridge": Load("Ridge, 2 rows, 16 connections", RIDGE, {"azml": 3, "fastapi": 2}, {"azml": 0.5, "fastapi": 0.5}),
    "workers": Load("the same, 2 workers", RIDGE, {"azml": 2.2, "fastapi": 1.3}, workers=2),
    "large": Load("1 MiB of JSON, 10,000 rows", RIDGE, {"azml": 1.2, "fastapi": 1.2}, connections=4, rows=10_000),
    "parsed": Load("the same, parsed by the server", RIDGE, {"azml": 2.2}, connections=4, rows=10_000, extra=PARSED),
    "waiting": Load(
        "20 ms of waiting, 32 connections",
        WAIT,
        {"azml": 28, "fastapi": 1.2},
        connections=32,
        settings={"MODELPACK_THREADS": "32"},
    ),
    "forest": Load("RandomForest, unbatched", FOREST, {"azml": 1}),
    "batch": Load(
        "RandomForest, `run_batch`",
        FOREST,
        {"azml": 20, "litserve": 2.5},
        connections=64,
        extra=BATCH,
        others=tuple(BATCHING),
    ),
}
STARTS = {"empty": ("empty script", EMPTY, (0.3, 0.35)), "start": ("Ridge", RIDGE, (0.8, 0.75))}


def answer(port: int, body: bytes) -> list[float]:
    """Ask once; who answers something else than the others is not measured."""
    asked = Request(f"http://127.0.0.1:{port}/score", body, {"Content-Type": "application/json"})
    with urlopen(asked, timeout=60) as response:
        return [round(number, 6) for number in json.load(response)]


def measured(port: int, load: Load, body: bytes, seconds: int, folder: Path) -> tuple[float, float]:
    """Drive one server with wrk; give requests a second and the 99th percentile in ms."""
    lua = folder / "post.lua"
    lua.write_text(
        f'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[==[{body.decode()}]==]\n'
    )
    wrk = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}", "--timeout", "20", "--latency", "-s", str(lua)]
    said = subprocess.check_output([*wrk, f"http://127.0.0.1:{port}/score"], text=True)
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate
    assert slow
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]


def loaded(load: Load, rounds: int, seconds: int, folder: Path) -> Row:
    """Measure one load."""
    body = json.dumps({"data": [ROWS[n % 2] for n in range(load.rows)]}).encode()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*OWN, *load.others)}
    expected: list[float] | None = None
    for _ in range(rounds):
        for name, samples in found.items():
            script = load.script + (load.extra if name == "ours" else "")
            settings = load.settings if name == "ours" else {}
            with serving(name, folder, script, body, load.workers, **settings) as (port, _, _):
                given = answer(port, body)
                expected = given if expected is None else expected
                if given != expected:
                    raise RuntimeError(f"{name} answers {given[:3]}..., not {expected[:3]}...")
                measured(port, load, body, 1, folder)
                samples.append(measured(port, load, body, seconds, folder))
    figures = {name: f"{median(r for r, _ in s):.0f}/s, {median(p for _, p in s):.1f} ms" for name, s in found.items()}
    said = {"requests": ratios(found, 0, load.bars, least=True)}
    if load.slow:
        said["p99"] = ratios(found, 1, load.slow, least=False)
    return Row(load.title, figures, said, found)


def ratios(samples: Samples, place: int, bars: dict[str, float], *, least: bool) -> dict[str, Ratio]:
    """Compare us with the others, round by round; `least` says that more is better."""
    said = {}
    for other, bar in bars.items():
        both = zip(samples["ours"], samples[other], strict=True)
        ratio = round(median(ours[place] / theirs[place] for ours, theirs in both), 2)
        said[other] = Ratio(ratio, bar, ratio >= bar if least else ratio <= bar)
    return said


def started(title: str, script: str, rounds: int, folder: Path, bars: tuple[float, float], workers: int = 1) -> Row:
    """Measure the time to the first answer, and memory."""
    body = json.dumps({"data": ROWS}).encode()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in OWN if name != "bentoml" or workers == 1}
    for _ in range(rounds):
        for name, samples in found.items():
            with serving(name, folder, script, body, workers) as (port, process, seconds):
                load = LOADS["ridge"]
                if workers > 1:
                    measured(port, load, body, 1, folder)  # every worker has answered
                time.sleep(2)  # whatever only helps starting has ended by now
                samples.append((seconds, memory(process.pid)))
    figures = {name: f"{median(a for a, _ in s):.2f} s, {median(b for _, b in s):.0f} MB" for name, s in found.items()}
    said = {"memory": ratios(found, 1, {"azml": bars[1]}, least=False)}
    if bars[0]:
        said["start"] = ratios(found, 0, {"azml": bars[0]}, least=False)
    return Row(title, figures, said, found)


def weighed(folder: Path) -> Row:
    """Count what each contender brings."""
    found = {name: [weight(folder, name)] for name in OWN}
    figures = {name: f"{count} packages, {size:.1f} MB" for name, [(count, size)] in found.items()}
    met = found["ours"][0][0] <= 6 and found["ours"][0][1] <= 5
    return Row(
        "own packages", figures, {"at most 6 packages, 5 MB": {"ours": Ratio(found["ours"][0][1], 5, met)}}, found
    )


def markdown(rows: Iterable[dict[str, Any]]) -> str:
    """Show the table; the bars in brackets."""
    names = [*OWN, *BATCHING]
    lines = [f"| | {' | '.join(names)} | ours against the others |", f"|---|{'---|' * (len(names) + 1)}"]
    for row in rows:
        said = [
            f"{what} {one['ratio']:g}x {other} ({one['bar']:g}{'' if one['met'] else ', missed'})"
            for what, many in row["ratios"].items()
            for other, one in many.items()
        ]
        cells = [row["figures"].get(name, "") for name in names]
        lines.append(f"| {row['title']} | {' | '.join(cells)} | {'; '.join(said)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for; results are kept beside those of other times, and shown together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = [*LOADS, *STARTS, "memory", "weight"]
    parser.add_argument("parts", nargs="*", default=parts, help=f"of: {', '.join(parts)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    asked = parser.parse_args()
    need("wrk")
    cache = CHECKOUT / ".cache" / "bench-scoring"
    cache.mkdir(parents=True, exist_ok=True)
    environments(cache)
    file = cache / "results.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for key in asked.parts:
        if key in LOADS:
            row = loaded(LOADS[key], asked.rounds, asked.seconds, cache)
        elif key in STARTS:
            title, script, bars = STARTS[key]
            row = started(f"start to first answer, {title}", script, asked.rounds, cache, bars)
        elif key == "memory":
            row = started("512 MB model, 2 workers", LARGE, min(2, asked.rounds), cache, (0, 0.5), workers=2)
        else:
            row = weighed(cache)
        known[key] = asdict(row)
        print(markdown([known[key]]).splitlines()[-1], flush=True)
        file.write_text(json.dumps(known, indent=1))
    print(f"\n{markdown(known[key] for key in parts if key in known)}\n\nJSON: {file}")


if __name__ == "__main__":
    main()
