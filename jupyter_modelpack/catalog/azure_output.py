"""The lines that the Azure API itself prints.

The only place below the front ends that writes to the screen (ARCHITECTURE.md): notebooks, and what
people grep in saved outputs, expect exactly these lines.
"""

from __future__ import annotations

from jupyter_modelpack.events import Reporter


def say(text: str) -> None:
    """Print one line now."""
    print(text, flush=True)  # noqa: T201 - the one place below the front ends that prints


def registering_model(name: str, report: Reporter | None = None) -> None:
    """azure-differences.md 3.2: one line a registration, after the files are in; to `report` if there is one."""
    (report.log if report else say)(f"Registering model {name}")


def creation(state: str) -> None:
    """azure-differences.md 6: the last line of `wait_for_creation(show_output=True)`."""
    say(f"Package creation {state}")


def pulling() -> None:
    """azure-differences.md 6: the first line of `pull`."""
    say("Pulling image from ACR (this may take a few minutes depending on image size)...\n")


def logging_in(address: str) -> None:
    """azure-differences.md 6: `save` signs Docker in, so that the Dockerfile builds."""
    say(f"Logging into Docker registry {address}")
