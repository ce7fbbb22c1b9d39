"""Every verb with its options, declared once.

The magic, the command line, completion, help and the forms of the lab panel are made from these two
tables; a verb's function takes exactly the options named here, by keyword (a test compares them).
"""

from __future__ import annotations

from jupyter_modelpack.commands.option import CELL, EVERYWHERE, NO_CELL, NOTEBOOK, SHELL, Door, Option, Verb

VERBS: tuple[Verb, ...] = (
    Verb(
        "package",
        "package",
        "Make an image from models and an entry script",
        "Make",
        (
            "package score.py --model diabetes --pip scikit-learn",
            "package score.py --model model.pkl -r requirements.txt --name diabetes-service",
        ),
        EVERYWHERE,
    ),
    Verb("register", "models", "Register a file or folder as a model", "Make", ("register model.pkl --name diabetes",)),
    Verb("base", "base", "Make a base image from Debian packages, where no registry can be reached", "Make", ("base",)),
    Verb("run", "run", "Start a package as a service and wait until it answers", "Use", ("run", "run --port 0")),
    Verb(
        "score",
        "score",
        "Send data to a running service",
        "Use",
        ("""score '{"data": [[1, 2, 3]]}'""", "score --file rows.json"),
    ),
    Verb("logs", "logs", "Show what a service has written", "Use", ("logs --tail 20", "logs --follow")),
    Verb("kill", "kill", "End a service at once", "Use", ("kill", "kill mycontainer")),
    Verb("services", "services", "List what is running, and what has ended", "Look", ("services",)),
    Verb("images", "images", "List local images, as docker images does", "Look", ("images",)),
    Verb("packages", "packages", "List the packages of a workspace", "Look", ("packages",)),
    Verb("models", "models", "List the registered models", "Look", ("models", "models diabetes")),
    Verb("doctor", "doctor", "Check this machine, with a remedy for each finding", "Look", ("doctor",)),
    Verb("version", "version", "Show the version", "Look"),
    Verb("pull", "pull", "Put a package into the container engine", "Hand over", ("pull", "pull package:20261122")),
    Verb(
        "save",
        "save",
        "Write a package's Dockerfile with its files to a folder",
        "Hand over",
        ("package score.py --model diabetes --dockerfile", "save --output imagefiles"),
    ),
    Verb("registry", "registry", "Serve the workspace's images until Ctrl-C", "Hand over", ("registry",), SHELL),
)

_WITH_WORKSPACE = (
    "package",
    "register",
    "run",
    "score",
    "logs",
    "kill",
    "images",
    "packages",
    "models",
    "doctor",
    "pull",
    "save",
    "registry",
)
_WITH_ENGINE = ("package", "run", "score", "logs", "kill", "services", "images", "doctor", "pull")

OPTIONS: tuple[Option, ...] = (
    # --- what a package is made of ---
    Option(
        "script",
        "Entry script, a Python file with init() and run(data)",
        ("package",),
        metavar="SCRIPT",
        completes="path",
        doors=NO_CELL,
    ),
    Option(
        "model",
        "Registered model (name or name:version), or a file or folder, which is registered first",
        ("package",),
        ("--model", "-m"),
        default=(),
        many=True,
        metavar="MODEL",
        completes="model",
    ),
    Option(
        "pip",
        "Requirement of the entry script, as pip writes them",
        ("package",),
        ("--pip", "-p"),
        default=(),
        many=True,
        metavar="REQUIREMENT",
    ),
    Option(
        "requirements",
        "Requirements file",
        ("package",),
        ("--requirements", "-r"),
        metavar="FILE",
        completes="path",
    ),
    Option("conda", "Conda environment file", ("package",), ("--conda",), metavar="FILE", completes="path"),
    Option(
        "env",
        "Registered environment (name or name:version) to use in place of requirements",
        ("package",),
        ("--env",),
        metavar="NAME",
        completes="environment",
    ),
    Option(
        "source_directory",
        "Folder to ship whole; the entry script lies in it",
        ("package",),
        ("--source-directory",),
        metavar="FOLDER",
        completes="path",
    ),
    Option(
        "base",
        "Base image: a reference, or the path of an image layout or archive",
        ("package",),
        ("--base",),
        metavar="IMAGE",
        completes="path",
    ),
    Option(
        "env_var",
        "Environment variable to set inside",
        ("package", "run"),
        ("--env-var", "-e"),
        kind="pair",
        default=(),
        many=True,
        metavar="KEY=VALUE",
    ),
    Option(
        "name",
        "Name of the image, in lower case; by default, package",
        ("package",),
        ("--name", "-n"),
        metavar="NAME",
    ),
    Option("tag", "Tag of the image; by default, the time", ("package",), ("--tag", "-t"), metavar="TAG"),
    Option(
        "dockerfile",
        "Make a Dockerfile with its files in place of an image (see save)",
        ("package",),
        ("--dockerfile",),
        kind="flag",
        default=False,
    ),
    # --- registering ---
    Option("path", "File or folder", ("register",), metavar="PATH", completes="path"),
    Option(
        "name",
        "Name of the model; by default, that of the file",
        ("register",),
        ("--name", "-n"),
        metavar="NAME",
        completes="model",
    ),
    Option("description", "What the model is", ("register",), ("--description",)),
    Option(
        "tag",
        "Tag to keep with the model",
        ("register",),
        ("--tag", "-t"),
        kind="pair",
        default=(),
        many=True,
        metavar="KEY=VALUE",
    ),
    # --- base images ---
    Option(
        "again",
        "Make it anew of today's packages, even if there is one",
        ("base",),
        ("--again",),
        kind="flag",
        default=False,
    ),
    # --- which package ---
    Option(
        "package",
        "Package name, reference or image id; by default, the last one",
        ("run", "pull", "save"),
        metavar="PACKAGE",
        completes="package",
    ),
    Option(
        "output",
        "Folder to write to; by default, imagefiles",
        ("save",),
        ("--output", "-o"),
        default="imagefiles",
        metavar="FOLDER",
        completes="path",
    ),
    # --- running ---
    Option(
        "name",
        "Name of the service; by default, the last part of the image's name",
        ("run",),
        ("--name", "-n"),
        metavar="NAME",
    ),
    Option(
        "port",
        "Port on this machine; 0 takes a free one",
        ("run",),
        ("--port",),
        kind="number",
        default=6789,
        metavar="PORT",
    ),
    Option(
        "replace",
        "End a service of that name first",
        ("run",),
        ("--replace",),
        kind="flag",
        default=False,
    ),
    Option(
        "timeout",
        "Seconds to wait until it is ready",
        ("run",),
        ("--timeout",),
        kind="number",
        default=120,
        metavar="SECONDS",
    ),
    # --- using a service ---
    Option(
        "service",
        "Name of the service; by default, the one this workspace runs",
        ("logs", "kill"),
        metavar="SERVICE",
        completes="service",
    ),
    Option(
        "data",
        "JSON to send; - reads it from standard input; in a notebook, also the name of a variable",
        ("score",),
        metavar="DATA",
    ),
    Option(
        "service",
        "Name of the service; by default, the one this workspace runs",
        ("score",),
        ("--service", "-s"),
        metavar="SERVICE",
        completes="service",
    ),
    Option("file", "File that holds the JSON", ("score",), ("--file", "-f"), metavar="FILE", completes="path"),
    Option(
        "timeout",
        "Seconds to wait for the answer",
        ("score",),
        ("--timeout",),
        kind="number",
        default=60,
        metavar="SECONDS",
    ),
    Option("follow", "Go on until the service ends", ("logs",), ("--follow", "-f"), kind="flag", default=False),
    Option("tail", "Only the last lines", ("logs",), ("--tail",), kind="number", metavar="LINES"),
    # --- looking ---
    Option("name", "Only this model, all its versions", ("models",), metavar="NAME", completes="model"),
    Option("ours", "Only images that were packaged here", ("images",), ("--ours",), kind="flag", default=False),
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


def verbs(door: Door) -> tuple[Verb, ...]:
    """Return the verbs that can be typed at `door`."""
    return tuple(verb for verb in VERBS if door in verb.doors)


def options(verb: str, door: Door) -> tuple[Option, ...]:
    """Return what `verb` takes at `door`, in the order of the help."""
    return tuple(option for option in OPTIONS if door in option.doors and (not option.verbs or verb in option.verbs))
