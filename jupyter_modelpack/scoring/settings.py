"""The settings of one server, read from the environment.

Names that Azure ML images use keep their meaning (azure-differences.md 7.6); our own begin with MODELPACK_.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import cores, limits, script_constants

UNHEEDED = {
    "SEPERATE_HEALTH_ENDPOINT": "GET / and /ready answer on the one port, also while a call runs",
    "AML_APP_INSIGHTS_ENABLED": "OTEL_* variables trace, /metrics counts",
    "AML_MODEL_DC_STORAGE_ENABLED": "MODELPACK_COLLECT keeps calls",
    "AZUREML_DEBUG_PORT": "no debugger is connected to",
}
"""What Azure ML's server does by these switches and this one does not, with what there is instead."""


class ConfigurationError(Exception):
    """A setting that cannot be used; the process ends with exit code 3 (azure-differences.md 7.5)."""


def _whole(low: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if number < low:
            raise ValueError(f"at least {low} expected")
        return number

    return parse


def _workers(text: str) -> int:
    return cores.available() if text.strip().lower() == "auto" else _whole(1)(text)


def _switch(text: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("true or false expected")


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 10**7:
        raise ValueError("a positive number of seconds expected")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1 expected")
    return number


def _milliseconds(text: str) -> float:
    return _whole(1)(text) / 1000


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)} expected")
        return text

    return parse


def _origins(text: str) -> tuple[str, ...]:
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def _option(name: str, parse: Callable[[str], Any], default: Any) -> Any:
    return field(default=default, metadata={"name": name, "parse": parse})


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides, parsed and checked once."""

    app_root: str = _option("AML_APP_ROOT", str, "")
    entry_script: str = _option("AZUREML_ENTRY_SCRIPT", str, "main.py")
    source_directory: str = _option("AZUREML_SOURCE_DIRECTORY", str, "")
    carried: str = _option("MODELPACK_CARRIED", str, "")
    model_dir: str = _option("AZUREML_MODEL_DIR", str, "")

    host: str = _option("MODELPACK_HOST", str, "127.0.0.1")
    port: int = _option("MODELPACK_PORT", _whole(0), 5001)
    listen_fd: int = _option("MODELPACK_LISTEN_FD", _whole(0), -1)
    port_file: str = _option("MODELPACK_PORT_FILE", str, "")

    workers: int = _option("WORKER_COUNT", _workers, 1)
    worker_timeout: float = _option("WORKER_TIMEOUT", _seconds, 300.0)
    preload: bool = _option("WORKER_PRELOAD", _switch, True)
    scoring_timeout: float = _option("SCORING_TIMEOUT_MS", _milliseconds, 3600.0)
    drain_seconds: float = _option("MODELPACK_DRAIN_SECONDS", _seconds, 8.0)

    threads: int = _option("MODELPACK_THREADS", _whole(1), 1)
    batch_size: int = _option("MODELPACK_BATCH_SIZE", _whole(1), 32)
    batch_delay: float = _option("MODELPACK_BATCH_DELAY_MS", _milliseconds, 0.005)
    queue: int = _option("MODELPACK_QUEUE", _whole(1), 256)
    json_depth: int = _option("MODELPACK_JSON_DEPTH", _whole(1), limits.JSON_DEPTH)
    json_digits: int = _option("MODELPACK_JSON_DIGITS", _whole(640), limits.JSON_DIGITS)
    max_body: int = _option("MODELPACK_MAX_BODY", _whole(1), 100 * 1024 * 1024)
    header_seconds: float = _option("MODELPACK_HEADER_SECONDS", _seconds, limits.HEADER_SECONDS)
    max_headers: int = _option("MODELPACK_MAX_HEADERS", _whole(1), limits.HEADER_COUNT)
    max_header_size: int = _option("MODELPACK_MAX_HEADER_SIZE", _whole(64), limits.HEADER_SIZE)
    nan: str = _option("MODELPACK_NAN", _one_of("null", "literal", "error"), "null")

    keys: str = _option("MODELPACK_KEYS", str, "")
    keys_file: str = _option("MODELPACK_KEYS_FILE", str, "")
    allowed_hosts: tuple[str, ...] = _option("MODELPACK_ALLOWED_HOSTS", _origins, ())
    tls_cert: str = _option("MODELPACK_TLS_CERT", str, "")
    tls_key: str = _option("MODELPACK_TLS_KEY", str, "")

    reload: bool = _option("MODELPACK_RELOAD", _switch, False)
    reload_dir: str = _option("MODELPACK_RELOAD_DIR", str, "")
    imports_ahead: bool = _option("MODELPACK_IMPORTS_AHEAD", _switch, True)  # nothing a user sets: see reloader.py
    # How a supervisor knows of the generation it belongs to (reloader.py); nothing a user sets.
    up_fd: int = _option("MODELPACK_UP_FD", _whole(0), -1)
    replaces: bool = _option("MODELPACK_REPLACES", _switch, False)
    generations_fd: int = _option("MODELPACK_GENERATIONS_FD", _whole(0), -1)
    package: str = _option("MODELPACK_PACKAGE", str, "")
    sample: str = _option("MODELPACK_SAMPLE", str, "")

    collect: str = _option("MODELPACK_COLLECT", str, "")
    collect_sample: float = _option("MODELPACK_COLLECT_SAMPLE", _share, 1.0)
    collect_redact: str = _option("MODELPACK_COLLECT_REDACT", str, "password,passwd,secret,token,api_key,authorization")
    collect_file_bytes: int = _option("MODELPACK_COLLECT_FILE_BYTES", _whole(1), 64 * 1024 * 1024)
    collect_files: int = _option("MODELPACK_COLLECT_FILES", _whole(1), 20)

    cors_origins: tuple[str, ...] = _option("AML_CORS_ORIGINS", _origins, ())
    service_name: str = _option("SERVICE_NAME", str, "ML service")
    service_version: str = _option("SERVICE_VERSION", str, "1.0")
    path_prefix: str = _option("SERVICE_PATH_PREFIX", str, "")
    access_log: bool = _option("MODELPACK_ACCESS_LOG", _switch, True)
    log_format: str = _option("MODELPACK_LOG", _one_of("text", "json"), "text")
    metrics: bool = _option("MODELPACK_METRICS", _switch, True)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read `environment`, with config.json underneath: the environment wins (azure-differences.md 7.6).

        Lowest of all lies what the entry script says of itself.
        """
        root = environment.get("AML_APP_ROOT") or os.getcwd()  # noqa: PTH109  the text is kept as it is
        names = {**_config_file(root, environment), **environment}
        settings = cls(**{**_parsed(names), "app_root": str(Path(root).absolute())})
        said = script_constants.said_by(settings.entry_path)
        return replace(settings, **_parsed({name: text for name, text in said.items() if not names.get(name)}))

    @property
    def entry_path(self) -> Path:
        """The entry script, relative to the app root unless absolute (azure-differences.md 7.6), or a newer one."""
        newer = Path(self.reload_dir) / self.entry_script if self.reload_dir else None
        return newer if newer is not None and newer.is_file() else Path(self.app_root) / self.entry_script

    @property
    def newer_folders(self) -> list[str]:
        """Where modules newer than those of the app root may lie."""
        return _folders(self.reload_dir, self.source_directory) if self.reload_dir else []

    @property
    def import_folders(self) -> list[str]:
        """Where the script may import from: the app root and the source directory (azure-differences.md 4)."""
        return _folders(self.app_root, self.source_directory)

    @property
    def call_limit(self) -> float:
        """Seconds one call may take: the smaller of the two documented timeouts."""
        return min(self.scoring_timeout, self.worker_timeout)


def unheeded(environment: Mapping[str, str]) -> list[str]:
    """Say of each switch that was set and means nothing here what there is instead."""
    off = {"", "0", "false", "off", "no"}
    return [
        f"{name} has no meaning here: {instead}."
        for name, instead in UNHEEDED.items()
        if environment.get(name, "").strip().lower() not in off
    ]


def _parsed(names: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for option in fields(Settings):
        name, text = option.metadata["name"], names.get(option.metadata["name"], "")
        if text == "":
            continue
        try:
            values[option.name] = option.metadata["parse"](text)
        except ValueError as error:
            raise ConfigurationError(f"{name}={text!r} cannot be used: {error}") from None
    return values


def _folders(root: str, source: str) -> list[str]:
    return [root, str(Path(root) / source)]


def _config_file(root: str, environment: Mapping[str, str]) -> dict[str, str]:
    """AZUREML_CONFIG_FILE, or config.json in the app root or beside the script (azure-differences.md 7.6)."""
    named = environment.get("AZUREML_CONFIG_FILE")
    script = Path(root) / environment.get("AZUREML_ENTRY_SCRIPT", "")
    candidates = [Path(root) / named] if named else [Path(root, "config.json"), script.parent / "config.json"]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        if named:
            raise ConfigurationError(f"AZUREML_CONFIG_FILE={named!r} cannot be used: there is no such file")
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must hold a JSON object of setting names")
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in content.items()
        if not isinstance(value, (dict, list)) and value is not None
    }
