"""The table of the verbs, and what each takes: its function's signature says so.

The magic, the command line, completion, help and the forms of the lab panel are made from these. The table alone is
enough to list the verbs; a verb's module is imported when its options are asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

from jupyter_modelpack.commands.grammar.option import CELL, EVERYWHERE, NOTEBOOK, SHELL, Option, Place, Verb

VERBS: tuple[Verb, ...] = (
    Verb(
        "package",
        "Make an image from models and an entry script",
        "Make",
        (
            "package score.py --model diabetes --pip scikit-learn",
            "package score.py --model model.pkl -r requirements.txt --name diabetes-service",
            """package score.py --model model.pkl --sample '{"data": [[1, 2, 3]]}' --dry-run""",
        ),
        EVERYWHERE,
    ),
    Verb(
        "plan",
        "Say what package would make and download, before it does",
        "Make",
        ("plan score.py --model diabetes --pip scikit-learn",),
    ),
    Verb(
        "capture",
        "List the packages of this Python that a script and its models need, and why",
        "Make",
        ("capture score.py --model diabetes", "capture score.py --format pylock"),
    ),
    Verb("script", "Write an entry script to begin with", "Make", ("script model.pkl",)),
    Verb("register", "Register a file or folder as a model", "Make", ("register model.pkl --name diabetes",)),
    Verb("base", "Make a base image from Debian packages, where no registry can be reached", "Make", ("base",)),
    Verb("run", "Start a package as a service and wait until it answers", "Use", ("run", "run --port 0")),
    Verb(
        "reload",
        "Let a running service serve a newer package's script, without a restart",
        "Use",
        ("reload", "reload --service mycontainer"),
    ),
    Verb(
        "score",
        "Send data to a running service",
        "Use",
        ("""score '{"data": [[1, 2, 3]]}'""", "score --file rows.json"),
    ),
    Verb(
        "client",
        "Show a program in your language that scores a package's service",
        "Use",
        ("client", "client package:20261122 --language java --output Client.java"),
    ),
    Verb("logs", "Show what a service has written", "Use", ("logs --tail 20", "logs --follow")),
    Verb("kill", "End a service at once", "Use", ("kill", "kill mycontainer")),
    Verb("create", "Make a workspace", "Keep", ("create diabetes",)),
    Verb(
        "delete",
        "Delete packages, models, environments or ended services",
        "Keep",
        (
            "delete package package:20261122 --dry-run",
            "delete package --keep-last 3",
            "delete model diabetes:1 diabetes:2",
            "delete service mycontainer",
        ),
    ),
    Verb("remove", "Take an image out of the container engine", "Keep", ("remove diabetes-service:1",)),
    Verb("services", "List what is running, and what has ended", "Look", ("services",)),
    Verb("images", "List local images, as docker images does", "Look", ("images",)),
    Verb("panel", "Show models, packages, images and services in one place", "Look", ("panel",)),
    Verb("packages", "List the packages of a workspace", "Look", ("packages",)),
    Verb("models", "List the registered models", "Look", ("models", "models diabetes")),
    Verb("doctor", "Check this machine, with a remedy for each finding", "Look", ("doctor",)),
    Verb("version", "Show the version", "Look"),
    Verb("check", "Read everything that is stored, and mend what is damaged", "Keep", ("check --repair",)),
    Verb(
        "verify",
        "Make a package again and compare: what differs is named",
        "Keep",
        ("verify", "verify package:20261122"),
    ),
    Verb(
        "prove",
        "Run a package, and compare its answer with the notebook's",
        "Keep",
        ("prove", "prove package:20261122 --sample rows.json"),
    ),
    Verb("gc", "Free the space of what nothing needs", "Keep", ("gc --dry-run", "gc --older-than 30")),
    Verb("pull", "Put a package into the container engine", "Hand over", ("pull", "pull package:20261122")),
    Verb(
        "push",
        "Send a package to a registry",
        "Hand over",
        (
            "push registry.example.com/team/my-model:1",
            "push package:20261122 registry.example.com/team/my-model",
        ),
    ),
    Verb(
        "connect",
        "Let packages go to a registry of yours, and come from there",
        "Hand over",
        ("connect registry.example.com/team", "connect --own"),
    ),
    Verb(
        "save",
        "Write a package to a file, or a Dockerfile package to a folder",
        "Hand over",
        (
            "save package:20261122 package.tar",
            "package score.py --model diabetes --dockerfile",
            "save --output imagefiles",
        ),
    ),
    Verb("load", "Take a package out of a file that save has written", "Hand over", ("load package.tar",)),
    Verb(
        "registry",
        "Serve the workspace's images until Ctrl-C",
        "Hand over",
        ("registry", "registry --writable"),
        SHELL,
    ),
)

_PRESENTATION: tuple[Option, ...] = (
    Option(
        "Block until the image is made", name="wait", flags=("--wait",), kind="flag", places=CELL, presentation=True
    ),
    Option(
        "Name to give the result in the notebook",
        name="bind",
        flags=("--as",),
        metavar="NAME",
        places=NOTEBOOK,
        presentation=True,
    ),
    Option("Print the result as JSON", name="json", flags=("--json",), kind="flag", places=SHELL, presentation=True),
    Option("Explain, with examples", name="help", flags=("--help", "-h"), kind="flag", presentation=True),
)
"""What every verb takes and none is given: it is for the front end itself."""


def verbs(place: Place) -> tuple[Verb, ...]:
    """Return the verbs that can be typed at `place`."""
    return tuple(verb for verb in VERBS if place in verb.places)


def options(verb: str, place: Place) -> tuple[Option, ...]:
    """Return what `verb` takes at `place`, in the order of the help; of a word that is no verb, what any would take."""
    own = _declared(verb) if any(verb == each.name for each in VERBS) else ()
    return tuple(option for option in (*own, *_PRESENTATION) if place in option.places)


def function(verb: str) -> Callable[..., Any]:
    """Return what does `verb`, which must be in the table."""
    found: Callable[..., Any] = getattr(importlib.import_module(f"jupyter_modelpack.commands.{verb}"), verb)
    return found


@cache
def _declared(verb: str) -> tuple[Option, ...]:
    """Return the options in the signature of the verb's function; what only front ends can give is none."""
    does = function(verb)
    hints = get_type_hints(does, include_extras=True)
    return tuple(
        option.of(name, hints[name].__origin__, default)
        for name, default in (does.__kwdefaults__ or {}).items()
        for option in getattr(hints[name], "__metadata__", ())
    )
