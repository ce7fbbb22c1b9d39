"""Whether an image will have what its models' pickles call ``__main__``.

There the scoring server looks such names up in the entry script, and in what was carried along from a
notebook. A package whose pickles name anything else would build, and its container would end at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_modelpack import home
from jupyter_modelpack.analysis import entry_script, pickle_names
from jupyter_modelpack.analysis.pickle_names import MainNames
from jupyter_modelpack.builder.recipe import Recipe, Source
from jupyter_modelpack.builder.script_text import decoded, parsed, script_bytes
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.layout import Layout


def needed(layers: Iterable[Descriptor], store: Layout) -> MainNames:
    """Return the names of ``__main__`` that the pickles in these layers fetch."""
    cache, found = Layout.create(home.cache()), MainNames()
    for layer in layers:
        found |= pickle_names.of_layer(layer, store, cache)
    return found


def check(recipe: Recipe, store: Layout) -> None:
    """Raise `UsageError` naming the model and the class that its image would lack."""
    for model in recipe.models:
        names = needed([model.layer], store).certain
        missing = sorted(_missing(names, recipe.source)) if names else []
        if missing:
            raise UsageError(
                f"The model {model.name}:{model.version} was pickled with {', '.join(missing)} of __main__, "
                "the notebook or program that made it, and its image would not have that.",
                hint=f"Define {missing[0]} in the entry script, or run %%package in a notebook that defines it "
                "in another cell: it is carried along.",
                code="model-needs-main",
            )


def _missing(names: frozenset[str], source: Source) -> frozenset[str]:
    script = script_bytes(source)
    text = decoded(script, source.entry_script)
    if "__main__" in text or source.folder is not None:  # it may arrange __main__ itself, where we cannot see
        return frozenset()
    carried = {path: content for path, content in source.extra.items() if path.endswith(".py")}
    trees = (parsed(content, path) for path, content in {**carried, source.entry_script: script}.items())
    return names.difference(*map(entry_script.bound_names, trees))
