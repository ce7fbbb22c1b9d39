"""Traces in a log that tell why a service died."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """A trace in the log that tells a cause: pattern, sentence and remedy, filled with its groups."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str

    def read(self, text: str) -> tuple[str, str] | None:
        """Return cause and remedy if the last match of the pattern is there."""
        found = deque(self.pattern.finditer(text), maxlen=1)
        if not found:
            return None
        words = {name: value or "" for name, value in found[0].groupdict().items()}
        return self.cause.format(**words), self.remedy.format(**words)


def _sign(pattern: str, cause: str, remedy: str) -> Sign:
    return Sign(re.compile(pattern, re.MULTILINE), cause, remedy)


# The first that fits is told, so the particular come before the general.
SIGNS = (
    _sign(
        r"(?i)address already in use|Errno 98\b",
        "its port was taken by another program in the same moment.",
        "Run it again, with --port 0 for a free port.",
    ),
    _sign(
        r"exec format error",
        "the image is for another processor than this machine's.",
        "Package it for this platform, or run it on a machine it was made for.",
    ),
    _sign(
        r"ModuleNotFoundError: No module named '(?P<module>sklearn)(?:\.[\w.]+)?'",
        "the module {module} is not in the environment.",
        "Add scikit-learn to the requirements, in the version the model was trained with; then package again.",
    ),
    _sign(
        r"ModuleNotFoundError: No module named '(?P<module>\w+)(?:\.[\w.]+)?'",
        "the module {module} is not in the environment.",
        "Add the package that brings {module} to the requirements, or the file to source_directory; "
        "then package again.",
    ),
    _sign(
        r"(?P<said>ImportError: .*(?:cannot open shared object file|GLIBC).*)",
        "a system library is missing: {said}.",
        "Add the Debian package that brings it, or choose a base image that has it.",
    ),
    _sign(
        r"(?P<said>ImportError: .*)",
        "an import failed: {said}.",
        "The versions of two packages do not fit; name the version you develop with in the requirements.",
    ),
    _sign(
        r"InconsistentVersionWarning: Trying to unpickle estimator .* from version (?P<was>\S+) when using "
        r"version (?P<now>\S+?)\.? (?:(?!^\S*Error:)[\s\S])*^(?P<said>\w*(?:Error|Exception): .*)",
        "the model was made with scikit-learn {was} and cannot be loaded with {now}: {said}.",
        "Require scikit-learn=={was}; then package again.",
    ),
    _sign(
        r"(?P<said>(?:_pickle\.|pickle\.)?UnpicklingError: .*|ValueError: unsupported pickle protocol.*"
        r"|AttributeError: Can't get attribute .*|AttributeError: module '__main__' has no attribute .*)",
        "the model file cannot be loaded here: {said}.",
        "Use the versions the model was saved with; a class of your own must lie in a module in source_directory.",
    ),
    _sign(
        r"FileNotFoundError: .*'(?P<path>[^']*azureml-models[^']*)'",
        "the model file {path} is not there.",
        "AZUREML_MODEL_DIR holds the folder <version> of one model, of several their common parent; "
        "the log lists what is in it.",
    ),
    _sign(
        r"FileNotFoundError: .*'(?P<path>[^']+)'",
        "the file {path} is not there.",
        "Put it into source_directory, or register it as a model; paths are relative to the script's folder.",
    ),
    _sign(
        r"(?P<said>(?:PermissionError: .*|OSError: \[Errno 30\].*))",
        "it may not write or read there: {said}.",
        "A service writes to /tmp only (TMPDIR); everything else is read-only.",
    ),
    _sign(
        r"(?P<said>(?:SyntaxError|IndentationError|TabError): .*)",
        "the entry script is no valid Python: {said}.",
        "Correct the script; then package again.",
    ),
    _sign(
        r"\bMemoryError\b|std::bad_alloc|Cannot allocate memory",
        "it ran out of memory.",
        "Give it more memory, or run fewer workers (WORKER_COUNT).",
    ),
    _sign(
        r"(?i)executable file not found|exec .*: no such file or directory",
        "the image's start command is not in the image.",
        "Check the image: it may not be one that was packaged here.",
    ),
)
