"""verify of a package that came in a file, and that packaging has not made."""

import json
from dataclasses import replace

import pytest

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.image_contract import LABEL, SAMPLE_LABEL
from jupyter_modelpack.oci.manifest import CONFIG, MANIFEST, canonical
from tests.commands.packages import modelpack, put_package


def labelled(package: ModelPackage, **changed: object) -> ModelPackage:
    """Name the image of `package` again, with other labels of ours."""
    store, config = package.workspace.store, json.loads(canonical(package.image.config()))
    config["config"]["Labels"] |= {f"{LABEL}.{name}": said for name, said in changed.items()}
    manifest = replace(package.image.manifest, config=store.put_bytes(CONFIG, canonical(config)))
    image = store.put_bytes(MANIFEST, manifest.to_bytes())
    record = package_record.write(store, "strange", "1", image, package_record.PackageFacts())
    return ModelPackage.get(package.workspace, record.name)


@pytest.mark.parametrize("changed", [{}, {"python": 5}, {"python": "3.11", "models": None}])
def test_a_label_that_is_missing_or_no_text_is_a_line(changed):
    labelled(put_package(Workspace.default()), **changed)
    done = modelpack("verify", "strange:1")
    assert done.returncode == 5
    assert "modelpack: What the image says of its models, name or time is not what packaging writes." in done.stderr


def test_a_sample_that_is_no_text_is_none():
    package = put_package(Workspace.default())
    name = SAMPLE_LABEL.removeprefix(f"{LABEL}.")
    assert labelled(package, **{name: "[1]"}).sample == "[1]"
    assert labelled(package, **{name: [1]}).sample is None
