"""The panel's sources agree with the package: version, words, and no markup made from data."""

import json
import re
import subprocess
import sys

import pytest

from jupyter_modelpack import __version__
from jupyter_modelpack.commands.spec import options
from jupyter_modelpack.frontends.widgets.build_state import STAGES
from jupyter_modelpack.frontends.widgets.source import SOURCES
from tests.services import CHECKOUT

SOURCE = {path.name: path.read_text() for path in (CHECKOUT / "labextension" / "src").glob("*.ts")}
CATALOGUE = CHECKOUT / "jupyter_modelpack" / "locale" / "pt_BR" / "LC_MESSAGES" / "jupyter_modelpack.json"
SAID = re.compile(r't\.(?:__|_n)\(\s*((?:"(?:[^"\\]|\\.)*",?\s*)+)')
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment|DOMParser"
    r"|dangerouslySet|\beval\(|new Function"
)


def test_panel_and_server_are_of_one_version():
    [said] = re.findall(r'VERSION = "([^"]+)"', SOURCE["version.ts"])
    assert said == __version__
    package = json.loads((CHECKOUT / "labextension" / "package.json").read_text())
    assert package["version"] == re.sub(r"\.dev(\d+)$", r"-dev.\1", __version__)


@pytest.mark.parametrize("name", SOURCE)
def test_no_text_can_become_markup(name):
    assert MARKUP.findall(SOURCE[name]) == []


def test_every_word_of_the_panel_is_known_in_portuguese():
    known = json.loads(CATALOGUE.read_text())
    first = [
        text
        for source in SOURCE.values()
        for words in SAID.findall(source)
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', words)[:1]
    ]
    assert len(first) > 100
    forms = {option.help for verb in ("package", "run", "push") for option in options(verb, "lab") if not option.skin}
    headings = {name for source in SOURCES.values() for name in source.columns} | set(STAGES.values())
    missing = [text for text in {*first, *headings} if not all(known.get(text, [""]))]
    assert missing == []
    assert len([text for text in forms if text in known]) > 0.8 * len(forms)  # a new option may come first


def test_the_placeholders_survive_translation():
    for english, translations in json.loads(CATALOGUE.read_text()).items():
        if english:
            for text in translations:
                assert sorted(re.findall("%[0-9]", text)) == sorted(re.findall("%[0-9]", english)), english


def test_nothing_but_the_lab_needs_the_jupyter_server():
    program = """
import importlib, pkgutil, sys
for name in ("jupyter_server", "tornado", "jupyterlab"):
    sys.modules[name] = None
import jupyter_modelpack
found = [one.name for one in pkgutil.walk_packages(jupyter_modelpack.__path__, "jupyter_modelpack.")]
kept = ("jupyter_modelpack.frontends.lab.", "jupyter_modelpack.scoring", "jupyter_modelpack.__main__")
for name in found:
    if not name.startswith(kept):
        importlib.import_module(name)
from jupyter_modelpack.frontends.cli import main
sys.exit(main(["version"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_server_half_brings_in_no_widgets_and_no_engine():
    program = "import jupyter_modelpack.frontends.lab.extension, json, sys; print(json.dumps(list(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", program])))
    assert {"ipywidgets", "anywidget", "docker"}.isdisjoint(loaded)
