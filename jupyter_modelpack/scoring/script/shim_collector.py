"""`ModelDataCollector` for scripts that import azureml.monitoring: what they collect goes to MODELPACK_COLLECT."""

import re
import time
from typing import Any

from ..observe import data_collector, log
from ..observe.data_records import CollectedRow

_told = False


class ModelDataCollector:
    """Collects inputs or predictions of a model, under the names and in the call shape of Azure ML."""

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: list[str] | None = None,
        workspace: str = "default/default/default",  # noqa: ARG002  there is no cloud to file it under
        webservice_name: str = "default",
        model_version: str = "default",
        *args: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        self.model_name = model_name
        self.designation = designation
        self.feature_names = list(feature_names) if feature_names is not None else None
        self._folder = "/".join(map(_plain, (webservice_name, model_name, str(model_version), designation)))

    def collect(self, input_data: Any, user_correlation_id: str = "") -> tuple[bool, str]:
        """Keep a value: an array or table gives a record a row. Gives whether it was kept, and why not."""
        global _told  # noqa: PLW0603  once is enough
        active = data_collector.active()
        if active is None:
            if not _told:
                _told = True
                log.info("ModelDataCollector keeps nothing here: MODELPACK_COLLECT names no folder.")
            return False, "MODELPACK_COLLECT names no folder"
        kept = True
        for row in _rows(input_data):
            named = row
            if self.feature_names is not None and isinstance(row, (list, tuple)):
                named = dict(zip(self.feature_names, row, strict=False))
            content = {"correlation_id": user_correlation_id or f"{time.time_ns():x}", self.designation: named}
            kept = active.offer(CollectedRow(self._folder, content)) and kept
        return kept, "" if kept else "more is waiting than can be written"

    def add_correlations(self, correlations: Any) -> Any:
        """Return the argument, as Azure's does without its services."""
        return correlations


def _rows(value: Any) -> list[Any]:
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        found: list[Any] = value.to_dict(orient="records")
        return found
    if hasattr(value, "tolist"):
        value = value.tolist()
    nested = isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple, dict))
    return list(value) if nested else [value]


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]|^\.+", "_", name) or "_"
