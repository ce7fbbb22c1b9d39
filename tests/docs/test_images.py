"""Every label, annotation and path of an image stands in the manual, and no other."""

import inspect
import re

from jupyter_modelpack import image_contract as contract
from jupyter_modelpack.builder import image_config
from tests.docs.tables import code, rows
from tests.services import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reference" / "images.md").read_text()
LABELS = {code(row["label"]) for row in rows("images", "label")}


def words(prefix: str) -> set[str]:
    """Return what the contract names so, by value."""
    return {value for name, value in vars(contract).items() if isinstance(value, str) and value.startswith(prefix)}


def test_every_label_of_an_image_or_a_service_is_in_the_manual_and_no_other():
    ours = {value for name, value in vars(contract).items() if name.endswith("_LABEL")}
    standard = set(re.findall(r'"(org\.opencontainers\.[\w.]+)"', inspect.getsource(image_config._labels)))
    assert len(standard) > 2
    assert ours | standard == LABELS


def test_every_name_of_ours_is_in_the_manual_and_no_other():
    sources = "\n".join(path.read_text() for path in (CHECKOUT / "jupyter_modelpack").rglob("*.py"))
    known = words(f"{contract.LABEL}.") | {
        f"{contract.LABEL}.{name}" for name in re.findall(r'f"\{LABEL\}\.([a-z][a-z-]*[a-z])(?:"|-\{)', sources)
    }
    named = re.findall(rf"`({re.escape(contract.LABEL)}\.[a-z-]*[a-z])(?:`|-<)", PAGE)
    assert set(named) == known


def test_the_paths_in_an_image_are_those_of_the_contract():
    known = {contract.ENV_DIR, contract.LOCK_PATH, contract.APP_ROOT, contract.MODELS_DIR}
    known.add(f"{contract.APP_ROOT}/{contract.CARRIED}")
    listed = {code(row["path in the image"]) for row in rows("images", "path in the image")}
    assert {path.partition("/<")[0] for path in listed} == known


def test_the_config_is_that_of_the_contract():
    listed = {row["part"]: code(row["value"]) for row in rows("images", "part")}
    assert listed["port"] == str(contract.IMAGE_PORT)
    assert listed["user"] == contract.USER
    assert listed["working directory"] == contract.APP_ROOT
    assert listed["command"] == f"{contract.ENV_DIR}/bin/python -m {contract.SERVER}"
