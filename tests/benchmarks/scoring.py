"""How fast the scoring server is beside what people use today: `python -m tests.benchmarks.scoring`.

Contenders take turns round by round, so that a busy moment of the machine hits all of them; ratios are the
median of the ratios within one round. Needs wrk (a package of Debian).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.scoring_servers import environment, memory, serving
from tests.services import CHECKOUT

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


@dataclass(frozen=True)
class Load:
    """One row of the table; bars are the wanted ratios to azml and to FastAPI."""

    title: str
    script: str
    bars: dict[str, float]
    connections: int = 16
    rows: int = 2
    workers: int = 1
    settings: dict[str, str] = field(default_factory=dict)
    extra: str = ""  # added to the script for our server only


LOADS = {
    "ridge": Load("Ridge, 2 rows, 16 connections", RIDGE, {"azml": 3, "fastapi": 2}),
    "workers": Load("the same, 2 workers", RIDGE, {"azml": 2.2, "fastapi": 1.3}, workers=2),
    "large": Load("1 MiB of JSON, 10,000 rows", RIDGE, {"azml": 1.2, "fastapi": 1.2}, 4, 10_000),
    "waiting": Load(
        "20 ms of waiting, 32 connections", WAIT, {"azml": 28, "fastapi": 1.2}, 32, settings={"MODELPACK_THREADS": "32"}
    ),
    "forest": Load("RandomForest, unbatched", FOREST, {"azml": 1}),
    "batch": Load("RandomForest, run_batch", FOREST, {"azml": 20}, 64, extra=BATCH),
}


def measured(port: int, load: Load, body: bytes, seconds: int, folder: Path) -> tuple[float, float]:
    """Drive one server with wrk; give requests a second and the 99th percentile in ms."""
    lua = folder / "post.lua"
    lua.write_text(
        f'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[==[{body.decode()}]==]\n'
    )
    wrk = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}", "--timeout", "20", "--latency", "-s", str(lua)]
    said = subprocess.check_output([*wrk, f"http://127.0.0.1:{port}/score"], text=True)
    if "Non-2xx" in said:
        raise RuntimeError(said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate
    assert slow
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]


def loaded(load: Load, rounds: int, seconds: int, folder: Path) -> None:
    """Measure one load and print its row."""
    body = json.dumps({"data": [ROWS[n % 2] for n in range(load.rows)]}).encode()
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "azml": [], "fastapi": []}
    for _ in range(rounds):
        for name, samples in found.items():
            script = load.script + (load.extra if name == "ours" else "")
            settings = load.settings if name == "ours" else {}
            with serving(name, folder, script, body, load.workers, **settings) as (port, _, _):
                measured(port, load, body, 1, folder)
                samples.append(measured(port, load, body, seconds, folder))
    rates = "  ".join(
        f"{name} {median(r for r, _ in s):.0f}/s p99 {median(p for _, p in s):.1f} ms" for name, s in found.items()
    )
    print(f"{load.title}: {rates}  {ratios(found, load.bars)}", flush=True)


def ratios(found: dict[str, list[tuple[float, float]]], bars: dict[str, float]) -> str:
    """Say how many times faster we are, and whether that is what we want."""
    said = []
    for other, bar in bars.items():
        ratio = median(ours[0] / theirs[0] for ours, theirs in zip(found["ours"], found[other], strict=True))
        said.append(f"{ratio:.2f}x {other} (want {bar:g}{'' if ratio >= bar else ', MISSED'})")
    return ", ".join(said)


def started(title: str, script: str, rounds: int, folder: Path, bars: tuple[float, float]) -> None:
    """Measure cold start and memory against azml, and print them."""
    body = json.dumps({"data": ROWS}).encode()
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "azml": []}
    for _ in range(rounds):
        for name, samples in found.items():
            with serving(name, folder, script, body) as (_, process, seconds):
                time.sleep(2)  # whatever only helps starting has ended by now
                samples.append((seconds, memory(process.pid)))
    for place, (what, bar) in enumerate(zip(("start s", "memory MB"), bars, strict=True)):
        ours, azml = (median(sample[place] for sample in found[name]) for name in ("ours", "azml"))
        missed = "" if ours / azml <= bar else ", MISSED"
        print(f"{title}, {what}: ours {ours:.2f}  azml {azml:.2f}  {ours / azml:.2f}x (want {bar}{missed})", flush=True)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", default=[*LOADS, "start"], help=f"of: {', '.join(LOADS)}, start")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    asked = parser.parse_args()
    cache = CHECKOUT / ".cache" / "bench-scoring"
    cache.mkdir(parents=True, exist_ok=True)
    environment(cache)
    for key in asked.loads:
        if key == "start":
            started("empty script", EMPTY, asked.rounds, cache, (0.3, 0.35))
            started("Ridge", RIDGE, asked.rounds, cache, (0.8, 0.75))
        else:
            loaded(LOADS[key], asked.rounds, asked.seconds, cache)


if __name__ == "__main__":
    main()
