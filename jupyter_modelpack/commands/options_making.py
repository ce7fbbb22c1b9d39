"""The options of the verbs that make: package, register, base."""

from __future__ import annotations

from jupyter_modelpack.commands.option import NO_CELL, Option

MADE = ("package", "plan")

MAKING: tuple[Option, ...] = (
    # --- what a package is made of ---
    Option(
        "script",
        "Entry script, a Python file with init() and run(data)",
        MADE,
        metavar="SCRIPT",
        completes="path",
        doors=NO_CELL,
    ),
    Option(
        "model",
        "Registered model (name or name:version), or what is registered first: a file, a folder, in a notebook a "
        "variable; name=file or name=variable gives it a name",
        MADE,
        ("--model", "-m"),
        default=(),
        many=True,
        metavar="MODEL",
        completes="model",
    ),
    Option(
        "pip",
        "Requirement of the entry script, as pip writes them",
        MADE,
        ("--pip", "-p"),
        default=(),
        many=True,
        metavar="REQUIREMENT",
    ),
    Option(
        "requirements",
        "Requirements file",
        MADE,
        ("--requirements", "-r"),
        metavar="FILE",
        completes="path",
    ),
    Option("conda", "Conda environment file", MADE, ("--conda",), metavar="FILE", completes="path"),
    Option(
        "env",
        "Registered environment (name or name:version) to use in place of requirements",
        MADE,
        ("--env",),
        metavar="NAME",
        completes="environment",
    ),
    Option(
        "source_directory",
        "Folder to ship whole; the entry script lies in it",
        MADE,
        ("--source-directory",),
        metavar="FOLDER",
        completes="path",
    ),
    Option(
        "base",
        "Base image: a reference, or the path of an image layout or archive",
        MADE,
        ("--base",),
        metavar="IMAGE",
        completes="path",
    ),
    Option(
        "env_var",
        "Environment variable to set inside",
        ("package", "plan", "run"),
        ("--env-var", "-e"),
        kind="pair",
        default=(),
        many=True,
        metavar="KEY=VALUE",
    ),
    Option(
        "name",
        "Name of the image, in lower case; by default, package",
        MADE,
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
    Option(
        "sample",
        "Data of one request, kept with the package: JSON, a file, or in a notebook a variable (X_test[:2])",
        ("package",),
        ("--sample",),
        metavar="DATA",
        completes="path",
    ),
    Option(
        "lock",
        "pylock.toml, or a package, whose versions to install; nothing is resolved",
        MADE,
        ("--lock",),
        metavar="LOCK",
        completes="path",
    ),
    Option(
        "upgrade",
        "Resolve the requirements again, for newer versions",
        ("package",),
        ("--upgrade",),
        kind="flag",
        default=False,
    ),
    Option(
        "pull",
        "Ask the registry again what the tag of the base image means",
        ("package",),
        ("--pull",),
        kind="flag",
        default=False,
    ),
    Option(
        "plan",
        "Only say what would be made and downloaded; build nothing",
        ("package",),
        ("--plan",),
        kind="flag",
        default=False,
    ),
    Option(
        "dry_run",
        "Only try init() and run(sample) here, with the packages of this Python; build nothing",
        ("package",),
        ("--dry-run",),
        kind="flag",
        default=False,
    ),
    # --- an entry script to begin with ---
    Option(
        "model", "File of the model; its ending tells how to load it", ("script",), metavar="FILE", completes="path"
    ),
    Option(
        "output",
        "File to write to; by default, score.py",
        ("script",),
        ("--output", "-o"),
        default="score.py",
        metavar="FILE",
        completes="path",
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
)
