"""A workspace with packages that nobody had to build, and the program as a shell starts it."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.recipe import LayerNote
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.image_contract import (
    ENV_DIR,
    LAYER_KIND,
    LOCK_LABEL,
    LOCK_PATH,
    MODELS_LABEL,
    NAME_LABEL,
    SAMPLE_LABEL,
    VERSION_LABEL,
)
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, canonical
from tests.commands import forked
from tests.registry.samples import layer

PROGRAM = Path(sys.executable).with_name("modelpack")


def modelpack(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MODELPACK_ENGINE": "process", **env}
    return forked.run(words, cwd, environment)


def modelpack_in_a_process_of_its_own(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell does: its words and variables are those of a process."""
    environment = {**os.environ, "MODELPACK_ENGINE": "process", **env}
    return subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)


def printed(*words: str, cwd: Path | None = None, **env: str) -> dict:
    done = modelpack(*words, "--json", cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LOCK = """lock-version = "1.0"
created-by = "tests"

[[packages]]
name = "Typing_Extensions"
version = "4.12.2"
wheels = [{ name = "typing_extensions-4.12.2-py3-none-any.whl", hashes = { sha256 = "%s" } }]
""" % ("ab" * 32)


def put_package(
    workspace: Workspace,
    label: str = "1",
    *,
    size: int = 2_000_000,
    name: str = "adder",
    health: list[str] | None = None,
    sample: str | None = None,
    env: list[str] | None = None,
) -> ModelPackage:
    """Name an image as packaging would: base, model, app, without a build."""
    store = workspace.store
    layers = [layer(1, 100), layer(2, size), _app()]
    parts = [store.put_bytes(LAYER, data) for data in layers]
    parts[1] = replace(parts[1], annotations={LAYER_KIND: "model"})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": {
            "Cmd": ["/nothing"],
            **({"Healthcheck": {"Test": health}} if health else {}),
            **({"Env": env} if env else {}),
            "Labels": {
                NAME_LABEL: name,
                MODELS_LABEL: "diabetes:1",
                LOCK_LABEL: Digest.of(LOCK.encode()),
                VERSION_LABEL: "1",
                **({SAMPLE_LABEL: sample} if sample is not None else {}),
                "org.opencontainers.image.base.digest": parts[0].digest,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [Digest.of(data) for data in layers]},
    }
    manifest = Manifest(store.put_bytes(CONFIG, canonical(config)), tuple(parts))
    image = store.put_bytes(MANIFEST, manifest.to_bytes())
    notes = (LayerNote("model diabetes:1", parts[1].digest, parts[1].size, reused=True),)
    record = package_record.write(store, name, label, image, PackageFacts(("diabetes:1",), log="1.log", layers=notes))
    return ModelPackage.get(workspace, record.name)


def _app() -> bytes:
    out = io.BytesIO()
    writer = LayerWriter(out)
    writer.file(LOCK_PATH[1:], LOCK.encode())
    about = f"{ENV_DIR[1:]}/lib/python3.11/site-packages/typing_extensions-4.12.2.dist-info/METADATA"
    writer.file(about, b"Metadata-Version: 2.4\nName: typing_extensions\nLicense-Expression: PSF-2.0\n\nLicense: no\n")
    writer.close()
    return out.getvalue()
