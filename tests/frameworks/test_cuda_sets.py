"""Two older sets of CUDA packages, which all bring nvidia/__init__.py: each is packaged, and answers in both engines.

The wheels are small and lie on an index of our own; what they are named and hold is what the real ones do.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.index import served
from tests.frameworks.cases import SCRIPTS
from tests.frameworks.cuda_sets import SETS, CudaSet, put_on_index
from tests.frameworks.served import ENGINES

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.fixture
def package_index(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    with served(tmp_path / "index") as address:
        yield tmp_path / "index", address


@pytest.mark.parametrize("one", SETS, ids=lambda one: f"torch-{one.torch}")
def test_a_set_of_cuda_packages_is_whole_in_both_engines(say, package_index, tmp_path, one: CudaSet):
    root, address = package_index
    put_on_index(root, one)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"--extra-index-url {address}\ntorch=={one.torch}\n")
    image = f"cuda:{one.torch}"
    script = str(SCRIPTS / "cuda_libraries.py")
    plan = json.loads(say("plan", script, "-r", str(requirements), "--json"))
    assert not [remark for remark in plan["remarks"] if "both bring" in remark], "the same bytes are no news"
    say("package", script, "-r", str(requirements), "--name", "cuda", "--tag", one.torch)
    for engine in ENGINES:
        name = f"fw-cuda-{uuid.uuid4().hex[:8]}"
        try:
            say("run", image, "--name", name, "--port", "0", "--engine", engine, "-e", "WORKER_COUNT=1")
            answer = json.loads(say("score", "{}", "--service", name, "--engine", engine, "--json"))["value"]
        finally:
            say("kill", name, "--engine", engine)
            say("delete", "service", name, "--engine", engine)
        assert answer == {"torch": one.torch, "versions": one.versions, "libraries": one.libraries}, engine
