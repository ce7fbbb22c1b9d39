"""`python -m tests.benchmarks.memory [MIB]`: peak memory of registering and packaging a model of 5 GiB.

The file is random in every block, written once; registering copies it into the store. Prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.services import CACHE, base

BAR = 150_000_000
"""Bytes that the process may have resident at its peak, Python and all its modules included."""


def main(mebibytes: int) -> None:
    """Measure in a process of its own."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="benchmark-") as work:
        model = Path(work, "weights.bin")
        with model.open("wb") as out:
            for _ in range(mebibytes):
                out.write(os.urandom(1 << 20))
        print(json.dumps(measure(model, Path(work, "home"))))


def measure(model: Path, home: Path) -> dict[str, object]:
    """Register and package `model` in a new process; give its peak of resident memory."""
    env = {**os.environ, "MODELPACK_HOME": str(home), "MODELPACK_BASE_IMAGE": str(base.layout())}
    argv = [sys.executable, "-m", "tests.benchmarks.memory", "--inside", str(model)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def inside(model: Path) -> None:
    """Do it, then say what it took."""
    from jupyter_modelpack import InferenceConfig, Model, Workspace

    script = model.with_name("score.py")
    script.write_text("def init():\n    pass\n\n\ndef run(data):\n    return data\n")
    started = time.perf_counter()
    workspace = Workspace.create("memory")
    registered = Model.register(workspace, model, "large")
    package = Model.package(workspace, [registered], InferenceConfig(entry_script=str(script)))
    package.wait_for_creation()
    seconds = time.perf_counter() - started
    # Not ru_maxrss, which begins with what the parent had at the fork.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024
    facts = {"model_bytes": model.stat().st_size, "peak_rss_bytes": peak, "met": peak < BAR, "seconds": seconds}
    print(json.dumps({**facts, "image_bytes": package.size}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 5 * 1024)
