"""Build one image and print its digest: run as a program, by another user, at another time, by another Python."""

import sys
from pathlib import Path

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.recipe import AppSource, ModelPart, Needs, Recipe
from jupyter_modelpack.catalog.models.model_layer import gather, write_layer
from jupyter_modelpack.events import Log, Reporter
from jupyter_modelpack.home import workspaces
from jupyter_modelpack.store.layout import Layout


def main(folder: Path, *requirements: str) -> None:
    """Package `folder`/model with `folder`/src."""
    store = Layout.create(workspaces() / "one")
    layer = write_layer(store, "m", 1, gather(folder / "model"), Reporter())
    recipe = Recipe(
        "package",
        Needs("3.11", requirements, variables={"COLOUR": "blue"}),
        (ModelPart("m", 1, layer),),
        AppSource("score.py", folder / "src"),
    )
    built = build(recipe, store, Reporter(lambda event: isinstance(event, Log) and print(event.text, file=sys.stderr)))
    for note in built.layers:
        print(note.digest, note.title)
    print(built.image.digest, "manifest")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
