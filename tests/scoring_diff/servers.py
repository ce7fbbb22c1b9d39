"""The two servers, each in an environment of its own below .cache/."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.scoring_servers import free_port
from tests.scoring.service import Service
from tests.scoring_diff.case import Script
from tests.services import CHECKOUT

HOMES = CHECKOUT / ".cache" / "scoring-diff"
SHARED = ["numpy<3", "pandas<3"]
PACKAGES = {
    "azml": ["azureml-inference-server-http==1.5.1", *SHARED],
    # Without inference_schema: what stands in for it is compared with the real one.
    "ours": ["httptools>=0.6.1,<1", "orjson>=3.10,<4", *SHARED],
    "schemathesis": ["schemathesis>=4,<5"],  # 27 packages, 43 MB: too much for the environment that everybody has
    # scikit-learn's wheels had a libgomp of GCC 4.8 up to 1.7.
    "old-openmp": ["httptools>=0.6.1,<1", "orjson>=3.10,<4", "scikit-learn==1.5.2"],
    "otel": ["opentelemetry-sdk>=1.30,<2"],  # for tests of tracing
}


def environment(name: str) -> Path:
    """Make the environment once; give its bin folder."""
    home = HOMES / name
    done = home / ".complete"
    wanted = "\n".join(PACKAGES[name])
    if not done.exists() or done.read_text() != wanted:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, home], check=True)
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", home / "bin" / "python"]
        subprocess.run([*install, *PACKAGES[name]], check=True)
        done.write_text(wanted)
    return home / "bin"


@contextmanager
def serving(name: str, script: Script, root: Path) -> Iterator[Service]:
    """Start one of the servers with a script, in a folder of its own."""
    binaries = environment(name)
    for path, text in {"score.py": script.text, **script.files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    entry = script.settings.get("AZUREML_ENTRY_SCRIPT", "score.py")
    port = free_port()
    commands = {
        "azml": [str(binaries / "python"), str(binaries / "azmlinfsrv"), "--entry_script", entry, "--port", str(port)],
        "ours": [str(binaries / "python"), "-m", "jupyter_modelpack.scoring"],
    }
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(CHECKOUT) if name == "ours" else "",
        "AML_APP_ROOT": str(root),
        "AZUREML_ENTRY_SCRIPT": entry,
        "MODELPACK_PORT": str(port),
        "OPENBLAS_NUM_THREADS": "1",
        **script.settings,
    }
    service = Service(root, variables, commands[name], port)
    try:
        yield service
    finally:
        service.stop()
