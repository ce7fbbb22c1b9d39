import pytest

from jupyter_modelpack.build.local import KIND
from jupyter_modelpack.build.recipe import Needs, Recipe, Source
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Descriptor, Manifest
from jupyter_modelpack.workspace import imports

SITE = "opt/modelpack/env/lib/python3.11/site-packages"


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
    made = Descriptor(LAYER, made.digest, made.size, {KIND: "dependencies"})
    raw = Manifest(ws.store.put_bytes(CONFIG, b"{}"), (made,)).to_bytes()
    return ws.store.image(ws.store.put_bytes(MANIFEST, raw))


def check(ws, image, text, folder=None, **needs):
    source = Source("score.py", folder, text and text.encode(), {"extra_module.py": b""})
    imports.check(Recipe("package", Needs("3.11", **needs), (), source), image, ws.store)


def test_modules_of_the_layers(ws, image):
    assert imports.provided(image, ws.store) == {"numpy", "six", "_cffi_backend", "google"}


@pytest.mark.parametrize(
    "text",
    [
        "import json, os, numpy.linalg\nfrom google.protobuf import any\nimport six, _cffi_backend\n",
        "from azureml.core.model import Model\nimport inference_schema\n",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
        "def init():\n    import torch\n",
        "import sys\nsys.path.append('x')\nimport torch\n",
        "from . import torch\nimport extra_module\n",
    ],
)
def test_what_may_work_passes(ws, image, text):
    check(ws, image, text)


def test_what_must_fail_is_named_with_its_line(ws, image):
    with pytest.raises(BuildFailed) as caught:
        check(ws, image, "import numpy\nimport sklearn.linear_model\nimport joblib\nimport sklearn\n")
    assert caught.value.message == ("score.py, line 2: imports sklearn, which no package of the environment provides.")
    assert caught.value.hint == "Add scikit-learn, joblib to the environment's requirements."


def test_modules_beside_the_script(ws, image, here):
    (here / "src").mkdir()
    (here / "src" / "helper.py").write_text("")
    (here / "src" / "lib").mkdir()
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
        imports.check(Recipe("package", Needs("3.11"), (), Source("score.py")), image, ws.store)
