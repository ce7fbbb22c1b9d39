"""Packages that bring the same file: one winner, whatever runs the image."""

import json
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builder.small_wheels import noise, wheel
from tests.commands.packages import modelpack, printed

pytestmark = [pytest.mark.network, pytest.mark.engine]

LARGE = 9 << 20
BRINGS = {
    "alpha": ("alpha_gamma", "alpha_omega", "all"),
    "beta": ("beta_gamma", "beta_omega", "all"),
    "gamma": ("alpha_gamma", "beta_gamma", "all"),
    "omega": ("alpha_omega", "beta_omega", "all"),
}
"""Modules by package; alpha and omega are large."""

RIGHT = {"all": "omega", "alpha_gamma": "gamma", "alpha_omega": "omega", "beta_gamma": "gamma", "beta_omega": "omega"}
"""The last package in the lock wins, as the last one that pip installs does."""

MATCHED = {"alpha": b"WHO = 'alpha'\n", "omega": b"match 1:\n    case _:\n        WHO = 'omega'\n"}
"""A module of the two large ones, of which the winner's ships without bytecode."""

RIGHT |= {"matched": "omega"}

SCRIPT = f"""
import importlib

def init(): ...

def run(data):
    return {{name: importlib.import_module(f"shared.{{name}}").WHO for name in {sorted(RIGHT)}}}
"""


@pytest.fixture
def here(tmp_path: Path, base_image: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    house, folder = tmp_path / "house", tmp_path / "here"
    folder.mkdir()
    for name, modules in BRINGS.items():
        files = {"shared/__init__.py": b"", "tests/__init__.py": b"# the same\n"}
        files |= {f"shared/{module}.py": f"WHO = {name!r}\n".encode() for module in modules}
        files |= {"shared/matched.py": MATCHED[name]} if name in MATCHED else {}
        files |= {f"{name}.bin": noise(LARGE, name)} if name in {"alpha", "omega"} else {}
        wheel(house, name, files)
    (folder / "requirements.txt").write_text(f"--find-links {house}\n" + "\n".join(sorted(BRINGS, reverse=True)) + "\n")
    (folder / "score.py").write_text(SCRIPT)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    return folder


def test_the_last_one_in_the_lock_wins_in_a_container_and_as_a_process(here):
    done = modelpack("package", "score.py", "-r", "requirements.txt", "--tag", "1")
    assert done.returncode == 0, done.stderr
    said = [line.strip() for line in done.stderr.splitlines() if "both bring" in line]
    (line,) = [line for line in said if line.startswith("beta 1.0 and gamma")]
    assert line.partition(": ")[0] == "beta 1.0 and gamma 1.0 both bring shared/beta_gamma.py"
    assert line.partition(": ")[2] == "that of gamma 1.0 is used, as it is later in the lock"
    assert "__init__.py" not in "".join(said), "the same bytes are no news"
    assert len(said) == 5, said
    assert printed("plan", "score.py", "-r", "requirements.txt")["remarks"] == said
    for engine in ("docker", "process"):
        name = f"collisions-{secrets.token_hex(4)}"  # the engine is shared, and keeps what has ended
        try:
            started = modelpack("run", "package:1", "--name", name, "--port", "0", MODELPACK_ENGINE=engine)
            assert started.returncode == 0, started.stderr
            answer = printed("score", "{}", "--service", name, MODELPACK_ENGINE=engine)
        finally:
            modelpack("kill", name, MODELPACK_ENGINE=engine)
        assert answer["value"] == RIGHT, engine


def test_pip_lays_out_the_same_by_the_dockerfile_that_is_saved(here, tmp_path):
    done = modelpack("package", "score.py", "-r", "requirements.txt", "--dockerfile")
    assert done.returncode == 0, done.stderr
    saved = modelpack("save", "--output", "saved")
    assert saved.returncode == 0, saved.stderr
    steps = re.findall(r'^# RUN (\[.*"pip".*\])$', (here / "saved" / "Dockerfile").read_text(), re.MULTILINE)
    assert len(steps) == 3
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    for step in steps:
        words = [word.replace("/opt/modelpack/", f"{here}/saved/") for word in json.loads(step)[3:]]
        pip = [sys._base_executable, "-m", "pip", "-q", "--python", str(env / "bin" / "python")]
        subprocess.run([*pip, *words, "--find-links", str(tmp_path / "house")], check=True)
    program = f"{SCRIPT}\nimport json; print(json.dumps(run(None)))"
    assert json.loads(subprocess.check_output([env / "bin" / "python", "-c", program])) == RIGHT


def test_a_file_that_is_another_ones_folder_is_named(here, tmp_path):
    wheel(tmp_path / "house", "delta", {"shared/all.py/inside.py": b""})
    done = modelpack("package", "score.py", "-r", "requirements.txt", "--pip", "delta")
    assert done.returncode != 0
    assert "alpha 1.0 brings shared/all.py as a file, and delta 1.0 as a folder." in done.stderr
