"""Options that several verbs take, each declared once."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands.grammar.option import NO_CELL, Option

A_DAY = 86_400
"""Seconds; the longest that anything is waited for."""

# --- where ---

Workspace = Annotated[
    str | None, Option("Workspace: a name, or its folder", "-w", metavar="NAME", completes="workspace")
]
Engine = Annotated[
    str | None,
    Option(
        "Container engine; by default, the first that answers, else a local process",
        metavar="NAME",
        choices=("docker", "podman", "process"),
        completes="engine",
    ),
]

# --- what a package is made of ---

Script = Annotated[
    str | None,
    Option(
        "Entry script, a Python file with init() and run(data); or a model, which a made script serves",
        positional=True,
        metavar="SCRIPT",
        completes="path",
        places=NO_CELL,
    ),
]
Models = Annotated[
    tuple[str, ...],
    Option(
        "Registered model (name or name:version), or what is registered first: a file, a folder, in a notebook a "
        "variable; name=file or name=variable gives it a name",
        "-m",
        metavar="MODEL",
        completes="model",
    ),
]
Method = Annotated[
    str | None,
    Option(
        "What a made entry script answers by; by default, predict",
        choices=("predict", "predict_proba", "decision_function", "transform"),
        metavar="METHOD",
    ),
]
Pip = Annotated[
    tuple[str, ...], Option("Requirement of the entry script, as pip writes them", "-p", metavar="REQUIREMENT")
]
Requirements = Annotated[str | None, Option("Requirements file", "-r", metavar="FILE", completes="path")]
Conda = Annotated[str | None, Option("Conda environment file", metavar="FILE", completes="path")]
Environment = Annotated[
    str | None,
    Option(
        "Registered environment (name or name:version) to use in place of requirements",
        metavar="NAME",
        completes="environment",
    ),
]
FromPython = Annotated[
    str | None,
    Option(
        "Python that made the models, whose versions are used: its program, or its environment's folder; by default, "
        "the kernel, or the environment that the shell has activated",
        metavar="PYTHON",
        completes="path",
    ),
]
SourceDirectory = Annotated[
    str | None,
    Option("Folder to ship whole; the entry script lies in it", metavar="FOLDER", completes="path"),
]
AllowSecret = Annotated[
    tuple[str, ...],
    Option(
        "File or variable to ship though it looks like a secret, by its path or its name; sample is the sample",
        metavar="NAME",
    ),
]
BaseImage = Annotated[
    str | None,
    Option("Base image: a reference, or the path of an image layout or archive", metavar="IMAGE", completes="path"),
]
Apt = Annotated[
    tuple[str, ...],
    Option("Debian package that the base image is to hold, a shared library's for example", metavar="PACKAGE"),
]
Variables = Annotated[
    tuple[str, ...], Option("Environment variable to set inside", "-e", kind="pair", metavar="KEY=VALUE")
]
ImageName = Annotated[str | None, Option("Name of the image, in lower case; by default, package", "-n", metavar="NAME")]
Lock = Annotated[
    str | None,
    Option(
        "pylock.toml, or a package, whose versions to install; nothing is resolved", metavar="LOCK", completes="path"
    ),
]
BuildSources = Annotated[bool, Option("Build source archives that a lock names, which runs their code on this machine")]
Trust = Annotated[
    bool, Option("Load model files on this machine for the proof, though loading one may run code that is in it")
]
Tolerance = Annotated[
    str | None,
    Option(
        "How far two numbers may be apart and still be equal, absolutely and by their size; by default, 1e-9",
        metavar="NUMBER",
    ),
]

AllowVersionDrift = Annotated[
    bool, Option("Package models though their files say that another version of their library made them")
]

# --- which one is meant ---

Package = Annotated[
    str | None,
    Option(
        "Package name, reference or image id; by default, the last one of the kind",
        positional=True,
        metavar="PACKAGE",
        completes="package",
    ),
]
_service = "Name of the service; by default, the one this workspace runs"
Service = Annotated[str | None, Option(_service, positional=True, metavar="SERVICE", completes="service")]
ServiceFlag = Annotated[str | None, Option(_service, "-s", metavar="SERVICE", completes="service")]

# --- how it is done ---

PlainHttp = Annotated[bool, Option("Speak plain http to a registry that is not on this machine")]
ReadyIn = Annotated[int, Option("Seconds to wait until it is ready", between=(1, A_DAY), metavar="SECONDS")]
DryRun = Annotated[bool, Option("Only say what would go")]
