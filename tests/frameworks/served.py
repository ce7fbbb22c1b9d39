"""Package a case, run it in an engine with no switch set, ask it, read what its log says of memory."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frameworks.cases import SAMPLE, Case

ENGINES = ("process", "docker")
PATIENCE = "300"

Say = Callable[..., str]


def check(say: Say, case: Case, engine: str, folder: Path) -> None:
    """Fail unless the case answers its fixed truth, twice, and says truly whether its memory is shared."""
    requirements = folder / f"{case.name}.txt"
    requirements.write_text("\n".join([*links(), *case.requirements]) + "\n")
    # Of its own: an engine that stays up may hold one of a run before, which is not this data folder's.
    name = f"fw-{case.name.replace('_', '-')}-{uuid.uuid4().hex[:8]}"
    image = f"{case.name}:1"
    if image not in say("images"):
        say("package", str(case.script), "-r", str(requirements), "--name", case.name, "--tag", "1")
    say("run", image, "--name", name, "--port", "0", "--engine", engine, "--timeout", PATIENCE, "-e", "WORKER_COUNT=2")
    try:
        for _ in range(4):  # both workers answer, by chance each of them
            said = say("score", SAMPLE, "--service", name, "--engine", engine, "--timeout", PATIENCE)
            assert json.loads(said.splitlines()[0]) == pytest.approx(case.answer, abs=1e-4)
        log = say("logs", name, "--engine", engine)
        alone = re.search(r"init\(\) has started (.*), which forked workers would not have", log)
        if case.alone:
            assert alone, log
            assert re.search(case.alone, alone[1]), alone[1]
            assert re.search(r"2 workers take about \d+ MB more", log), log
        else:
            assert alone is None, alone
    finally:
        say("kill", name, "--engine", engine)
        say("delete", "service", name, "--engine", engine)


def links() -> list[str]:
    """Name the folders of wheels that this machine's pip is set to: torch without CUDA may lie in one."""
    pip = [str(Path(sys.base_prefix, "bin", "python3")), "-m", "pip", "config", "list"]
    found = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
    words = " ".join(re.findall(r"find-links='(.*)'", found)).split()
    return [f"--find-links {folder}" for folder in dict.fromkeys(words) if Path(folder).is_dir()]
