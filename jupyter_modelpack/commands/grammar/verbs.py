"""Every verb with its options, declared once.

The magic, the command line, completion, help and the forms of the lab panel are made from these
tables; a verb's function takes exactly the options named here, by keyword (a test compares them).
"""

from __future__ import annotations

from jupyter_modelpack.commands.grammar.option import CELL, EVERYWHERE, NOTEBOOK, SHELL, Door, Option, Verb
from jupyter_modelpack.commands.grammar.options_making import MAKING
from jupyter_modelpack.commands.grammar.options_using import USING

VERBS: tuple[Verb, ...] = (
    Verb(
        "package",
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
        "plan",
        "Say what package would make and download, before it does",
        "Make",
        ("plan score.py --model diabetes --pip scikit-learn",),
    ),
    Verb("script", "script", "Write an entry script to begin with", "Make", ("script model.pkl",)),
    Verb("register", "models", "Register a file or folder as a model", "Make", ("register model.pkl --name diabetes",)),
    Verb("base", "base", "Make a base image from Debian packages, where no registry can be reached", "Make", ("base",)),
    Verb("run", "run", "Start a package as a service and wait until it answers", "Use", ("run", "run --port 0")),
    Verb(
        "reload",
        "reload",
        "Let a running service serve a newer package's script, without a restart",
        "Use",
        ("reload", "reload --service mycontainer"),
    ),
    Verb(
        "score",
        "score",
        "Send data to a running service",
        "Use",
        ("""score '{"data": [[1, 2, 3]]}'""", "score --file rows.json"),
    ),
    Verb("logs", "logs", "Show what a service has written", "Use", ("logs --tail 20", "logs --follow")),
    Verb("kill", "kill", "End a service at once", "Use", ("kill", "kill mycontainer")),
    Verb("create", "create", "Make a workspace", "Keep", ("create diabetes",)),
    Verb(
        "delete",
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
    Verb("remove", "remove", "Take an image out of the container engine", "Keep", ("remove diabetes-service:1",)),
    Verb("services", "services", "List what is running, and what has ended", "Look", ("services",)),
    Verb("images", "images", "List local images, as docker images does", "Look", ("images",)),
    Verb("panel", "panel", "Show models, packages, images and services in one place", "Look", ("panel",)),
    Verb("packages", "packages", "List the packages of a workspace", "Look", ("packages",)),
    Verb("models", "models", "List the registered models", "Look", ("models", "models diabetes")),
    Verb("doctor", "doctor", "Check this machine, with a remedy for each finding", "Look", ("doctor",)),
    Verb("version", "version", "Show the version", "Look"),
    Verb("check", "check", "Read everything that is stored, and mend what is damaged", "Keep", ("check --repair",)),
    Verb(
        "verify",
        "verify",
        "Make a package anew and compare: what differs is named",
        "Keep",
        ("verify", "verify package:20261122"),
    ),
    Verb("gc", "gc", "Free the space of what nothing needs", "Keep", ("gc --dry-run", "gc --older-than 30")),
    Verb("pull", "pull", "Put a package into the container engine", "Hand over", ("pull", "pull package:20261122")),
    Verb(
        "push",
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
        "connect",
        "Let packages go to a registry of yours, and come from there",
        "Hand over",
        ("connect registry.example.com/team", "connect --own"),
    ),
    Verb(
        "save",
        "save",
        "Write a package to a file, or a Dockerfile package to a folder",
        "Hand over",
        (
            "save package:20261122 package.tar",
            "package score.py --model diabetes --dockerfile",
            "save --output imagefiles",
        ),
    ),
    Verb("load", "load", "Take a package out of a file that save has written", "Hand over", ("load package.tar",)),
    Verb(
        "registry",
        "registry",
        "Serve the workspace's images until Ctrl-C",
        "Hand over",
        ("registry", "registry --writable"),
        SHELL,
    ),
)

_WITH_WORKSPACE = (
    "package",
    "plan",
    "register",
    "run",
    "reload",
    "score",
    "logs",
    "kill",
    "delete",
    "images",
    "panel",
    "packages",
    "models",
    "doctor",
    "check",
    "gc",
    "verify",
    "pull",
    "push",
    "connect",
    "save",
    "load",
    "registry",
)
_WITH_ENGINE = (
    "package",
    "run",
    "reload",
    "score",
    "logs",
    "kill",
    "delete",
    "remove",
    "services",
    "images",
    "panel",
    "doctor",
    "pull",
)

_COMMON: tuple[Option, ...] = (
    # --- everywhere ---
    Option(
        "workspace",
        "Workspace: a name, or its folder",
        _WITH_WORKSPACE,
        ("--workspace", "-w"),
        metavar="NAME",
        completes="workspace",
    ),
    Option(
        "engine",
        "Container engine; by default, the first that answers, else a local process",
        _WITH_ENGINE,
        ("--engine",),
        metavar="NAME",
        choices=("docker", "podman", "process"),
        completes="engine",
    ),
    # --- for the front end itself ---
    Option("wait", "Block until the image is made", ("package",), ("--wait",), kind="flag", doors=CELL, skin=True),
    Option(
        "bind",
        "Name to give the result in the notebook",
        (),
        ("--as",),
        metavar="NAME",
        doors=NOTEBOOK,
        skin=True,
    ),
    Option("json", "Print the result as JSON", (), ("--json",), kind="flag", doors=SHELL, skin=True),
    Option("help", "Explain, with examples", (), ("--help", "-h"), kind="flag", skin=True),
)

OPTIONS: tuple[Option, ...] = (*MAKING, *USING, *_COMMON)


def verbs(door: Door) -> tuple[Verb, ...]:
    """Return the verbs that can be typed at `door`."""
    return tuple(verb for verb in VERBS if door in verb.doors)


def options(verb: str, door: Door) -> tuple[Option, ...]:
    """Return what `verb` takes at `door`, in the order of the help."""
    return tuple(option for option in OPTIONS if door in option.doors and (not option.verbs or verb in option.verbs))
