"""Parts of a recipe, and what is left on disk of a build."""

import os
from pathlib import Path

from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.events import Event, Reporter
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout

SCRIPT = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"


class Watcher:
    """A reporter that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.report = Reporter(self.events.append)

    def text(self) -> str:
        return "\n".join(getattr(event, "text", getattr(event, "title", "")) for event in self.events)


def register(store: Layout, content: bytes = b"weights") -> ModelPart:
    with store.new_blob() as blob:
        layer = LayerWriter(blob)
        layer.file("var/azureml-app/azureml-models/m/1/model.bin", content)
        layer.close()
        descriptor = blob.commit(LAYER)
    return ModelPart("m", 1, descriptor)


def temporary_files(home: Path) -> list[str]:
    return [
        f"{root}/{name}"
        for root, folders, files in os.walk(home)
        for name in (*folders, *files)
        if name.startswith((".tmp-", "staging-", ".part-", "base-"))
    ]
