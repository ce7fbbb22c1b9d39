"""Map a path to a model and what is asked of it (azure-differences.md 7.1, Open Inference Protocol)."""

from pathlib import Path
from typing import NamedTuple

from ..settings import Settings


class Route(NamedTuple):
    """What a path asks for: `score`, `infer`, `metadata` or `ready`; of a model, or of the script's run()."""

    verb: str
    model: str


class Paths:
    """The paths of one service: its own name, and those of the entry script's `models`."""

    def __init__(self, settings: Settings, models: frozenset[str]) -> None:
        folder = Path(settings.model_dir)
        single = folder.name.isdigit() and bool(folder.parent.name)  # azureml-models/<name>/<version>
        self.name = folder.parent.name if single else "model"
        self.version = folder.name if single else "1"
        self.models = models

    def find(self, path: str) -> Route | None:
        """Return what `path` asks for, or None when it is about no model that there is."""
        if path in {"/score", "/score/"}:
            return Route("score", "")
        parts = path.strip("/").split("/")
        if parts[0] == "score" and len(parts) == 2:
            return self._of("score", parts[1])
        if parts[:2] != ["v2", "models"]:
            return None
        if len(parts) > 4 and parts[3] == "versions":
            del parts[3:5]
        verb = parts[3] if len(parts) == 4 else "metadata" if len(parts) == 3 else ""
        return self._of(verb, parts[2]) if verb in {"infer", "ready", "metadata"} else None

    def _of(self, verb: str, model: str) -> Route | None:
        if model in self.models:
            return Route(verb, model)
        return Route(verb, "") if model == self.name else None
