"""The servers that are compared, each running the same script in the same environment."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services import CHECKOUT

OWN: dict[str, list[str]] = {
    "ours": ["httptools", "orjson"],
    "azml": ["azureml-inference-server-http"],
    "fastapi": ["fastapi", "uvicorn[standard]"],
    "bentoml": ["bentoml"],
}
"""What each contender asks for; each lives in an environment of its own, beside the model's packages."""

BATCHING = {"litserve": ["litserve"]}
"""Contenders in batching alone, which is what they are made for."""

MODEL = ["scikit-learn"]

FASTAPI = """
import os
from fastapi import FastAPI
from pydantic import BaseModel
import score

score.init()
app = FastAPI()

class Input(BaseModel):
    data: list[list[float]]

@app.post("/score")
def run(given: Input):
    return score.predict(given.data)
"""

BENTOML = """
import bentoml
import score

@bentoml.service(workers={workers})
class Scoring:
    def __init__(self):
        score.init()

    @bentoml.api
    def score(self, data: list[list[float]]) -> list:
        return score.predict(data)
"""

LITSERVE = """
import os
import litserve
import score

class Scoring(litserve.LitAPI):
    def setup(self, device):
        score.init()

    def decode_request(self, request):
        return request["data"]

    def batch(self, inputs):
        return inputs

    def predict(self, inputs):
        found = iter(score.predict([row for some in inputs for row in some]))
        return [[next(found) for _ in some] for some in inputs]

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return output

if __name__ == "__main__":
    api = Scoring(max_batch_size=32, batch_timeout=0.005, api_path="/score")
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(host="127.0.0.1", port=int(os.environ["MODELPACK_PORT"]), generate_client_file=False)
"""


def environments(folder: Path) -> None:
    """Make a virtual environment for every contender, once; lay our server as it is now beside ours."""
    uv = Path(sys.executable).with_name("uv")
    for name, packages in {**OWN, **BATCHING}.items():
        venv = folder / name / "venv"
        if not (folder / name / "made").exists():
            shutil.rmtree(venv, ignore_errors=True)
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, venv], check=True)
            python = venv / "bin" / "python"
            subprocess.run([uv, "pip", "install", "-q", "--python", python, *packages, *MODEL], check=True)
            (folder / name / "made").touch()
    package = folder / "app" / "modelpack_scoring"
    shutil.rmtree(package, ignore_errors=True)
    package.parent.mkdir(exist_ok=True)
    shutil.copytree(CHECKOUT / "jupyter_modelpack" / "scoring", package, ignore=shutil.ignore_patterns("__pycache__"))


def weight(folder: Path, name: str) -> tuple[int, float]:
    """Count the packages that a contender brings beside the model's, with their size in MB."""
    found = {path: _distributions(folder / path / "venv") for path in ("ours", name)}
    model = set(found["ours"]) - {"httptools", "orjson"}
    own = {key: size for key, size in found[name].items() if key not in model}
    return len(own), sum(own.values()) / 1e6


def _distributions(venv: Path) -> dict[str, int]:
    """Give name and installed bytes of every package, bytecode left out."""
    sizes = {}
    for record in venv.glob("lib/*/site-packages/*.dist-info/RECORD"):
        root = record.parent.parent
        files = [root / line.rsplit(",", 2)[0].strip('"') for line in record.read_text().splitlines()]
        kept = [file for file in files if file.suffix != ".pyc" and file.is_file()]
        sizes[record.parent.name.split("-")[0].lower()] = sum(file.stat().st_size for file in kept)
    return sizes


def command(name: str, binaries: Path, port: int, workers: int) -> list[str]:
    """Give the command line of one contender; access logs are on everywhere."""
    if name == "ours":
        return [str(binaries / "python"), "-m", "modelpack_scoring"]
    if name == "azml":
        azml = str(binaries / "azmlinfsrv")
        return [azml, "--entry_script", "score.py", "--port", str(port), "--worker_count", str(workers)]
    if name == "bentoml":
        return [str(binaries / "bentoml"), "serve", "bento:Scoring", "--host", "127.0.0.1", "--port", str(port)]
    if name == "litserve":
        return [str(binaries / "python"), "lit.py"]
    uvicorn = str(binaries / "uvicorn")
    return [uvicorn, "served:app", "--port", str(port), "--workers", str(workers)]


@contextmanager
def serving(
    name: str, folder: Path, script: str, body: bytes, workers: int = 1, **settings: str
) -> Iterator[tuple[int, subprocess.Popen[bytes], float]]:
    """Start one contender; give port, process and seconds to the first answer of 200."""
    binaries = folder / name / "venv" / "bin"
    app = folder / "app"
    app.mkdir(exist_ok=True)
    (app / "score.py").write_text(script)
    (app / "served.py").write_text(FASTAPI)
    (app / "bento.py").write_text(BENTOML.format(workers=workers))
    (app / "lit.py").write_text(LITSERVE)
    port = free_port()
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(app),
        "BENTOML_DO_NOT_TRACK": "True",
        "AZUREML_ENTRY_SCRIPT": "score.py",
        "AML_APP_ROOT": str(app),
        "AZUREML_MODEL_DIR": str(folder),
        "MODELPACK_PORT": str(port),
        "WORKER_COUNT": str(workers),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        **settings,
    }
    log = (folder / f"{name}.log").open("wb")
    began = time.perf_counter()
    process = subprocess.Popen(
        command(name, binaries, port, workers),
        cwd=app,
        env=variables,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield port, process, _first_answer(name, port, body, process, Path(log.name)) - began
    finally:
        process.terminate()
        process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # LitServe leaves its workers behind
        log.close()


def free_port() -> int:
    """Find a port nobody uses, below those that the load's own connections are given meanwhile."""
    while True:
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def memory(pid: int) -> float:
    """Give the proportional set size of a process and its descendants in MB."""
    total = 0.0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total += int(line.split()[1]) / 1024
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return total + sum(memory(int(child)) for child in children)


def _first_answer(name: str, port: int, body: bytes, process: subprocess.Popen[bytes], log: Path) -> float:
    head = b"POST /score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                if b" 200 " in connection.recv(64):
                    return time.perf_counter()
        except OSError:
            pass
        time.sleep(0.003)
    raise RuntimeError(f"{name} does not answer on port {port}:\n{log.read_text()[-2000:]}")
