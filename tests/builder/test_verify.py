from dataclasses import replace

import pytest

from jupyter_modelpack import __version__
from jupyter_modelpack.builder import server_layer
from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.verify import verify
from jupyter_modelpack.errors import NotFound, Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LABEL, MODELS_LABEL
from jupyter_modelpack.oci.manifest import CONFIG, MANIFEST, canonical
from tests.engine import tiny

pytestmark = pytest.mark.network


@pytest.fixture
def built(recipe, store):
    return build(recipe("tqdm==4.67.1", variables={"COLOUR": "blue", "PYTHONUNBUFFERED": "0"}), store, Reporter())


def named(image) -> list[str]:
    return [difference.what for difference in verify(image, Reporter()).differences]


def test_an_image_made_anew_is_the_same(built):
    assert verify(built.image, Reporter()).differences == ()


def test_everything_is_made_anew(built, home):
    """Otherwise a layer that was made wrongly would be compared with itself."""
    for path in (home / "cache" / "wheels").iterdir():
        path.write_text("no longer a descriptor")
    assert named(built.image) == []


def test_another_scoring_server_is_named(built, monkeypatch):
    files = server_layer.server_files() | {"log.py": b"# another\n"}
    monkeypatch.setattr(server_layer, "server_files", lambda: files)
    [difference] = verify(built.image, Reporter()).differences
    assert difference.what == "scoring server"
    assert difference.why == f"the image has that of another build of {__version__}, or it was edited"


def test_a_machine_without_the_images_python_is_named(built, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.builder.verify.need_interpreter", lambda _python, _report: None)
    verdict = verify(built.image, Reporter())
    assert [difference.what.partition(" ")[0] for difference in verdict.differences] == [
        "bytecode",
        "3",
        "scoring",
    ]
    assert verdict.differences[0].why == "there is no Python 3.11 on this machine to compile its bytecode"


def test_a_damaged_layer_is_named(built):
    layer = built.image.manifest.layers[-1]
    path = built.image.blobs.blob_path(layer.digest)
    path.chmod(0o600)
    path.write_bytes(b"x" * layer.size)
    assert named(built.image) == [f"layer {layer.digest.short}"]


def test_another_version_of_ours_is_named(built, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack._version.__version__", "99")
    assert named(built.image) == ["Labels io.github.jupyter-modelpack.version"]


def test_a_base_image_that_is_gone_is_named(built, home):
    base = built.image.config()["config"]["Labels"]["org.opencontainers.image.base.digest"]
    (home / "cache" / "blobs" / "sha256" / base.partition(":")[2]).unlink()
    with pytest.raises(NotFound, match=r"base image .* is not on this machine"):
        verify(built.image, Reporter())


def test_an_image_of_others_is_refused(base_image, tmp_path):
    with pytest.raises(UsageError, match="does not say what it was made of"):
        verify(tiny.image(base_image, tmp_path / "store"), Reporter())


@pytest.mark.parametrize(
    ("label", "said"),
    [
        *((MODELS_LABEL, said) for said in ("adder", "adder:1,other:2", "adder:x")),
        *((f"{LABEL}.{name}", 5) for name in ("models", "name", "python")),
        ("org.opencontainers.image.base.digest", None),
    ],
)
def test_labels_that_nobody_here_wrote_are_named(built, store, label, said):
    config = built.image.config()
    labels = {**config["config"]["Labels"], label: said}
    changed = store.put_bytes(CONFIG, canonical({**config, "config": {**config["config"], "Labels": labels}}))
    manifest = replace(built.image.manifest, config=changed)
    image = store.image(store.put_bytes(MANIFEST, manifest.to_bytes()))
    with pytest.raises(Untrusted, match="not what packaging writes"):
        verify(image, Reporter())
