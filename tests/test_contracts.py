"""Each import contract of setup.cfg really fails when its rule is broken."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import CHECKOUT

# Contract -> a file with an import that it forbids.
OFFENCES = {
    "layers": (
        "store/offence.py",
        "from jupyter_modelpack import builder, registry",
    ),
    "scoring-alone": ("scoring/offence.py", "from jupyter_modelpack import errors"),
    "scoring-as-files": ("builder/offence.py", "from jupyter_modelpack.scoring import offence"),
    "scoring-dependencies": ("engine/offence.py", "import httptools"),
    "ipython": ("frontends/offence.py", "import IPython.display"),
    "ipywidgets": ("commands/offence.py", "import ipywidgets"),
    "jupyter-server": ("api/offence.py", "import tornado.web"),
    "docker": ("oci/offence.py", "import docker.errors"),
    "http": ("errors.py", "import requests"),
    "frontend-layers": ("frontends/render/offence.py", "from jupyter_modelpack.frontends import widgets"),
    "scoring-layers": ("scoring/observe/offence.py", "from ..process import worker"),
}


@pytest.fixture(scope="module")
def rules() -> configparser.ConfigParser:
    """The contracts as they stand."""
    rules = configparser.ConfigParser()
    rules.read(CHECKOUT / "setup.cfg")
    return rules


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> str:
    """What the linter says about a copy of the package with every offence in it."""
    copy = tmp_path_factory.mktemp("offences")
    shutil.copytree(CHECKOUT / "jupyter_modelpack", copy / "jupyter_modelpack")
    shutil.copy(CHECKOUT / "setup.cfg", copy)
    for file, offence in OFFENCES.values():
        with (copy / "jupyter_modelpack" / file).open("a") as out:
            out.write(f"\n{offence}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    # The terminal's width decides where lines break: one line a contract is easier to read.
    done = subprocess.run(
        [lint, "--no-cache"],
        cwd=copy,
        env={"COLUMNS": "200", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_every_contract_has_its_offence(rules):
    assert {name.rpartition(":")[2] for name in rules.sections() if ":" in name} == set(OFFENCES)


@pytest.mark.parametrize("contract", OFFENCES)
def test_the_contract_is_broken_by_its_offence(contract, rules, verdicts):
    name = rules[f"importlinter:contract:{contract}"]["name"]
    assert f"{name} BROKEN" in verdicts


@pytest.mark.parametrize("room", ["builder", "registry"], ids=["above", "beside"])
def test_a_room_knows_neither_the_one_above_nor_the_one_beside(room, verdicts):
    assert f"jupyter_modelpack.store is not allowed to import jupyter_modelpack.{room}" in verdicts
