"""The panel's sources agree with the package: version, words, and no markup made from data."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from jupyter_modelpack import __version__
from jupyter_modelpack.builder.base_image import standard_library
from jupyter_modelpack.commands.grammar.verbs import options, verbs
from jupyter_modelpack.engine.base import State
from jupyter_modelpack.frontends.live.tables import SOURCES
from jupyter_modelpack.frontends.render import humanize
from tests.services import CHECKOUT
from tests.slow_imports import SKIPPED

SOURCE = {path.name: path.read_text() for path in (CHECKOUT / "labextension" / "src").glob("*.ts")}
CATALOGUE = CHECKOUT / "jupyter_modelpack" / "locale" / "pt_BR" / "LC_MESSAGES" / "jupyter_modelpack.json"
PHRASES = re.findall('"([^"]+)"', SOURCE["phrases.ts"].partition("PHRASES = [")[2].partition("].map")[0])
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
    forms = {
        text
        for verb in verbs("lab")
        for option in options(verb.name, "lab")
        if not option.presentation
        for text in (option.help, option.name.replace("_", " ").capitalize())
    }
    schema = json.loads((CHECKOUT / "labextension" / "schema" / "panel.json").read_text())
    settings = {one[key] for one in (schema, *schema["properties"].values()) for key in ("title", "description")}
    headings = {name for source in SOURCES.values() for name in source.columns} | {
        verb.summary for verb in verbs("lab")
    }
    missing = [text for text in {*first, *forms, *settings, *headings, *PHRASES} if not all(known.get(text, [""]))]
    assert missing == []


def test_what_the_server_says_of_time_and_stages_is_a_phrase_of_the_panel():
    lengths = (0, 1, 2, 60, 150, 3600, 9000, 3 * 86400, 20 * 86400, 90 * 86400, 900 * 86400)
    now = datetime.now(UTC)
    said = {humanize.ago(now - timedelta(seconds=length), now) for length in lengths} | set(get_args(State))
    stages = r'(?:report\.stage\("[\w-]+", |\bStep\()f?"([^"]+)"'
    for source in (CHECKOUT / "jupyter_modelpack").rglob("*.py"):
        for text in re.findall(stages, source.read_text()):
            said.add(re.sub(r"\{[^}]*\}", "7", re.sub(r"\{'' if [^}]*'s'\}", "s", text)))
    said |= {standard_library.TITLE, "environment", "scoring server", "app"}  # layers
    assert len(said) > 30
    shapes = [re.compile(re.sub(r"%\d", "(.+)", re.sub(r"[()]", r"\\\g<0>", phrase))) for phrase in PHRASES]
    assert {text for text in said if not any(shape.fullmatch(text) for shape in shapes)} == set()


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
    program = f"{SKIPPED}; import jupyter_modelpack.frontends.lab.extension, json; print(json.dumps(list(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", program])))
    assert {"ipywidgets", "anywidget", "docker"}.isdisjoint(loaded)
