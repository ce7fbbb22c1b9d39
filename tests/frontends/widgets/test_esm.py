"""The front-end code: one module a widget, and nothing in it that could turn data into markup."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.frontends.widgets import esm

STATIC = Path(esm.__file__).with_name("static")
VIEWS = ("package", "service", "tables")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_one_module_with_one_default_export(view: str) -> None:
    text = esm.module(view)
    assert "import " not in re.sub("//.*|`[^`]*`", "", text).replace('"import requests"', "")
    assert len(re.findall("^export ", text, re.MULTILINE)) == 1
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)), "two modules use one name at the top"


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_data_never_becomes_markup_or_code(path: Path) -> None:
    text = path.read_text()
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
    ):
        assert word not in text
    assert text.startswith(("//", "import"))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_parses(view: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "the checks of the front-end code need node"
    (tmp_path / "view.mjs").write_text(esm.module(view))
    subprocess.run([node, "--check", tmp_path / "view.mjs"], check=True, capture_output=True)
