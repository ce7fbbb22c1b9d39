"""Each import contract of setup.cfg really fails when its rule is broken."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.services import CHECKOUT

# A circle of files that stays: `Model.package`, which is Azure's, makes what is made of models.
CIRCLES = {frozenset({"jupyter_modelpack.api.model", "jupyter_modelpack.api.package_model"})}

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

# More of the contract `layers`: subpackage -> the one above it, and an import of that one.
UPWARD = {
    ("catalog", "delivery"): ("catalog/offence.py", "from jupyter_modelpack import delivery"),
    ("clients", "builder"): ("clients/offence.py", "from jupyter_modelpack import builder"),
    ("catalog", "model_kinds"): ("catalog/offence.py", "from jupyter_modelpack import model_kinds"),
    ("delivery", "proof"): ("delivery/offence.py", "from jupyter_modelpack import proof"),
    ("proof", "api"): ("proof/offence.py", "from jupyter_modelpack import api"),
    ("capture", "catalog"): ("capture/offence.py", "from jupyter_modelpack import catalog"),
    ("analysis", "capture"): ("analysis/offence.py", "from jupyter_modelpack import capture"),
    ("analysis", "catalog"): ("analysis/offence.py", "from jupyter_modelpack import catalog"),
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
    for file, offence in [*OFFENCES.values(), *UPWARD.values()]:
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


@pytest.mark.parametrize("other", ["builder", "registry"], ids=["above", "beside"])
def test_a_subpackage_knows_neither_the_one_above_nor_the_one_beside(other, verdicts):
    assert f"jupyter_modelpack.store is not allowed to import jupyter_modelpack.{other}" in verdicts


@pytest.mark.parametrize(("below", "above"), UPWARD)
def test_what_a_workspace_keeps_knows_nothing_above(below, above, verdicts):
    assert f"jupyter_modelpack.{below} is not allowed to import jupyter_modelpack.{above}" in verdicts


def circles(package: str) -> set[frozenset[str]]:
    """Return the sets of files that import each other: at their top, inside functions or for type hints alone."""
    graph = grimp.build_graph(package, cache_dir=None)
    known = {module: graph.find_upstream_modules(module) for module in graph.modules}
    found = {frozenset({one, *(other for other in known[one] if one in known[other])}) for one in known}
    return {circle for circle in found if len(circle) > 1}


def test_no_files_import_each_other_in_a_circle():
    assert circles("jupyter_modelpack") == CIRCLES


def test_a_circle_is_found_wherever_its_imports_stand(tmp_path, monkeypatch):
    folder = tmp_path / "offence"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").write_text("from offence import b\n")
    (folder / "b.py").write_text("def late():\n    from offence import c\n")
    (folder / "c.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from offence.a import x\n")
    (folder / "d.py").write_text("from offence import a\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert circles("offence") == {frozenset({"offence.a", "offence.b", "offence.c"})}
