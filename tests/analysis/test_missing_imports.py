import functools
from importlib import metadata

import pytest

from jupyter_modelpack.analysis import missing_imports
from jupyter_modelpack.analysis.module_advice import distributions_of
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.builder.recipe import AppSource, Needs, Recipe
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LAYER_KIND
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Descriptor, Manifest

SITE = "opt/modelpack/env/lib/python3.11/site-packages"


@pytest.fixture(autouse=True, scope="module")
def packages_of_this_python():
    """Read once which packages there are: none comes while these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "packages_distributions", functools.cache(metadata.packages_distributions))
        yield


@pytest.fixture
def image(ws):
    with ws.store.new_blob() as blob:
        layer = LayerWriter(blob)
        for name in (
            "numpy/__init__.py",
            "six.py",
            "_cffi_backend.cpython-311-x86_64-linux-gnu.so",
            "google/protobuf/any.py",
            "joblib-1.4.dist-info/RECORD",
        ):
            layer.file(f"{SITE}/{name}", b"")
        layer.close()
        made = blob.commit(LAYER)
    made = Descriptor(LAYER, made.digest, made.size, {LAYER_KIND: "dependencies"})
    raw = Manifest(ws.store.put_bytes(CONFIG, b"{}"), (made,)).to_bytes()
    return ws.store.image(ws.store.put_bytes(MANIFEST, raw))


def check(ws, image, text, folder=None, **needs):
    source = AppSource("score.py", folder, text and text.encode(), {"extra_module.py": b""})
    said: list[str] = []
    report = Reporter(lambda event: said.append(event.text))
    missing_imports.check(Recipe("package", Needs("3.11", **needs), (), source), image, ws.store, report)
    return said


def test_modules_of_the_layers(ws, image):
    assert missing_imports.provided(image, ws.store) == {"numpy", "six", "_cffi_backend", "google"}


@pytest.mark.parametrize(
    "text",
    [
        "import json, os, numpy.linalg\nfrom google.protobuf import any\nimport six, _cffi_backend\n",
        "from azureml.core.model import Model\nimport inference_schema\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
        "import typing as t\nif t.TYPE_CHECKING:\n    import torch\nelse:\n    torch = None\n",
        "import sys\nsys.path.append('x')\nimport torch\n",
        "from . import torch\nimport extra_module\n",
        "import __main__\n__main__.Scaler = print\n",
        "from distutils.version import LooseVersion\nimport imp, cgi, telnetlib\n",
    ],
)
def test_what_may_work_passes(ws, image, text):
    assert check(ws, image, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
        "import os\nif os.environ.get('X'): import torch\n",
        "import contextlib\nwith contextlib.suppress(ImportError): import torch\n",
        "def init():\n    import torch\n",
        "match 1:\n    case 1: import torch\n",
    ],
)
def test_what_may_fail_is_a_line_of_the_log(ws, image, text):
    line = next(at for at, one in enumerate(text.splitlines(), 1) if "import torch" in one)
    assert check(ws, image, text) == [
        (
            f"Warning: score.py, line {line}: imports torch in a function, a branch or a try, "
            "and no package of the environment provides it."
        )
    ]


@pytest.mark.parametrize(
    "text",
    ["with open('/dev/null'): import torch\n", "class A: import torch\n", "def f(): import torch\nimport torch\n"],
)
def test_what_runs_when_the_script_is_loaded_must_be_there(ws, image, text):
    with pytest.raises(BuildFailed, match="imports torch"):
        check(ws, image, text)


def test_what_must_fail_is_named_with_its_line(ws, image):
    with pytest.raises(BuildFailed) as caught:
        check(ws, image, "import numpy\nimport sklearn.linear_model\nimport joblib\nimport sklearn\n")
    assert caught.value.message == ("score.py, line 2: imports sklearn, which no package of the environment provides.")
    assert caught.value.hint == "Add scikit-learn, joblib to the environment's requirements."


ADVICE = {
    "import yaml, dateutil.parser, markdown_it": "Add PyYAML, python-dateutil, markdown-it-py to the environment's",
    "import jwt": "jwt comes from no package of this Python and no file beside the script: add the package that brings "
    "it, whose name may be another, or the file's folder as source directory.",
    "import docx, fitz, Crypto, _loss": "Crypto, _loss, docx, fitz come from no package of this Python",
    "import helpers": "helpers.py lies beside the script, which does not ship: --source-directory .",
    "import folder.part": "folder lies beside the script, which does not ship: --source-directory .",
}


@pytest.mark.parametrize("text", ADVICE)
def test_a_package_is_named_only_where_this_python_has_it(ws, image, here, text):
    (here / "helpers.py").write_text("")
    (here / "folder").mkdir()
    (here / "folder" / "__init__.py").write_text("")
    with pytest.raises(BuildFailed) as caught:
        check(ws, image, text)
    assert caught.value.hint.startswith(ADVICE[text])
    assert "Add" not in caught.value.hint or text == next(iter(ADVICE))


def test_a_file_comes_before_a_package_as_in_python(ws, image, here):
    (here / "yaml.py").write_text("")
    with pytest.raises(BuildFailed) as caught:
        check(ws, image, "import yaml")
    assert caught.value.hint.startswith("yaml.py lies beside the script")


def test_the_folder_of_a_script_elsewhere_is_named(ws, image, here):
    (here / "src").mkdir()
    (here / "src" / "helpers.py").write_text("")
    (here / "src" / "score.py").write_text("import helpers\ndef init(): ...\ndef run(data): ...\n")
    source = InferenceConfig("src/score.py").as_source()
    with pytest.raises(BuildFailed) as caught:
        missing_imports.check(Recipe("package", Needs("3.11"), (), source), image, ws.store, Reporter())
    assert caught.value.hint.endswith(
        "--source-directory src (source_directory of an InferenceConfig) takes it along; the script is then score.py."
    )


def test_what_an_ignore_file_leaves_out_is_not_there(ws, image, here):
    (here / "src").mkdir()
    (here / "src" / "helpers.py").write_text("")
    (here / "src" / ".amlignore").write_text("helpers.py\n")
    with pytest.raises(BuildFailed) as caught:
        check(ws, image, "import helpers", here / "src")
    assert caught.value.hint.endswith("put it into src, or take it out of the ignore file there.")


def test_a_namespace_is_told_apart_by_what_is_imported_from_it():
    assert distributions_of("sphinxcontrib_nobody.thing") == []
    assert distributions_of("jupyter_modelpack.errors") == []  # installed out of a folder: no index has it


def test_modules_beside_the_script(ws, image, here):
    (here / "src").mkdir()
    (here / "src" / "helper.py").write_text("")
    (here / "src" / "lib").mkdir()
    (here / "src" / "lib" / "x.py").write_text("")
    check(ws, image, "import helper\nimport lib.x\n", here / "src")
    (here / "src" / "score.py").write_text("import torch\n")
    with pytest.raises(BuildFailed, match="imports torch"):
        check(ws, image, None, here / "src")


@pytest.mark.parametrize(
    "needs", [{"base": "mine"}, {"requirements": ("-e .",)}, {"variables": {"PYTHONPATH": "/x"}}, {"conda": ("torch",)}]
)
def test_where_we_cannot_see_we_do_not_judge(ws, image, needs):
    check(ws, image, "import torch\n", **needs)


def test_a_byte_order_mark_hides_no_import(ws, image, here):
    (here / "score.py").write_bytes(b"\xef\xbb\xbfimport torch\n")
    with pytest.raises(BuildFailed, match="line 1: imports torch"):
        missing_imports.check(Recipe("package", Needs("3.11"), (), AppSource("score.py")), image, ws.store, Reporter())
