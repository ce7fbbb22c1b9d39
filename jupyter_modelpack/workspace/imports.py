"""Which modules a script imports that nothing in its image provides.

"Do better": such a package would build, and its container would end at once. Only what is certain
counts: imports that run when the script is loaded, outside any `try`, and images whose packages are
all ours.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.build import modules
from jupyter_modelpack.build.local import KIND
from jupyter_modelpack.build.recipe import Recipe, Source
from jupyter_modelpack.build.script_text import decoded, parsed, script_bytes
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout

STOOD_IN_FOR = frozenset({"azureml", "azureml_inference_server_http", "inference_schema", "modelpack_scoring"})
"""Modules that the scoring server itself brings."""

_OTHER_NAMES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def check(recipe: Recipe, image: Image, store: Layout) -> None:
    """Raise `BuildFailed` naming the line of an import that must fail in the image."""
    needs = recipe.needs
    # An editable install, or a path the script adds, may bring modules that we do not see.
    if needs.needs_engine or needs.base or any(line.startswith(("-e", "--editable")) for line in needs.requirements):
        return
    script, name = script_bytes(recipe.source), Path(recipe.source.entry_script).name
    text = decoded(script, name)
    body = [*parsed(script, name).body, *_carried(recipe.source)]
    if "sys.path" in text or "addsitedir" in text or "PYTHONPATH" in needs.variables:
        return
    wanted = dict(reversed(list(_imports(body))))
    unknown = wanted.keys() - sys.stdlib_module_names - STOOD_IN_FOR - set(_local(recipe.source))
    missing = sorted(unknown - provided(image, store), key=wanted.__getitem__) if unknown else []
    if missing:
        module = missing[0]
        raise BuildFailed(
            f"{Path(recipe.source.entry_script).name}, line {wanted[module]}: imports {module}, "
            "which no package of the environment provides.",
            hint=f"Add {', '.join(_OTHER_NAMES.get(one, one) for one in missing)} to the environment's requirements.",
            code="import-missing",
            step="app",
        )


def provided(image: Image, store: Layout) -> set[str]:
    """Return the top-level modules in the layers of dependencies."""
    cache = Layout.create(home.cache())
    layers = (layer for layer in image.manifest.layers if layer.media_type == LAYER)
    return {
        module
        for layer in layers
        if layer.annotations.get(KIND) == "dependencies"
        for module in modules.provided(layer, store, cache)
    }


def _local(source: Source) -> Iterator[str]:
    """Yield the modules that ship with the script."""
    for path in (*source.extra, *(entry.name for entry in (source.folder.iterdir() if source.folder else ()))):
        yield path.partition("/")[0].removesuffix(".py")


def _carried(source: Source) -> Iterator[ast.stmt]:
    for path, content in source.extra.items():
        if path.endswith(".py"):
            yield from parsed(content, path).body


def _imports(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno
