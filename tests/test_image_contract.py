"""An image's names are the same where it is made, run and read."""

import ast
from dataclasses import fields

import pytest

from jupyter_modelpack import image_contract
from jupyter_modelpack.scoring.observe import exit_reason
from jupyter_modelpack.scoring.script import startup
from jupyter_modelpack.scoring.settings import Settings
from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
READ = {option.metadata["name"]: option for option in fields(Settings) if "name" in option.metadata}
"""What the scoring server reads of its environment, by variable."""

VARIABLES = {name: value for name, value in vars(image_contract).items() if name.endswith("_VARIABLE")}


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_the_server_reads_each_variable(variable):
    assert variable in READ


def test_the_server_agrees_on_what_it_has_a_copy_of():
    assert READ[image_contract.PORT_VARIABLE].default == image_contract.IMAGE_PORT
    assert startup.EXIT_CODE == image_contract.STARTUP_FAILED
    assert exit_reason.MARK == image_contract.ENDING_MARK
    shim = ast.parse((PACKAGE / "scoring/script/shim_model.py").read_bytes())
    assert image_contract.MODELS_FOLDER in {node.value for node in ast.walk(shim) if isinstance(node, ast.Constant)}
    assert f"{image_contract.IMAGE_PORT}" in (PACKAGE / "scoring/healthcheck.py").read_text()


def strings(path) -> set[str]:
    """Return the literals of a module, docstrings aside."""
    tree = ast.parse(path.read_bytes())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        str(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)) and id(node) not in prose
    }


NAMES = {
    str(value)
    for name, value in vars(image_contract).items()
    if name.isupper() and name not in {"USER_NAME", "LOCK_FILE", "STARTUP_FAILED"}
}
"""All but words and numbers that mean other things elsewhere."""


def test_no_module_writes_a_name_of_the_contract_again():
    alone = (PACKAGE / "scoring", PACKAGE / "model_kinds" / "scripts")  # they are files of images, without this package
    paths = [path for path in PACKAGE.rglob("*.py") if not any(map(path.is_relative_to, alone))]
    found = {path.name: sorted(NAMES & strings(path)) for path in paths if path.name != "image_contract.py"}
    # The dry run's program runs without this package.
    assert {name: names for name, names in found.items() if names} == {"dry_run_program.py": [image_contract.SERVER]}
