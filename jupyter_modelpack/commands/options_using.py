"""The options of the verbs that use, look or hand over."""

from __future__ import annotations

from jupyter_modelpack.commands.option import SHELL, Option

A_DAY = 86_400
"""Seconds; the longest that anything is waited for."""

USING: tuple[Option, ...] = (
    # --- which package ---
    Option(
        "package",
        "Package name, reference or image id; by default, the last one of the kind",
        ("run", "reload", "pull", "push", "save", "verify"),
        metavar="PACKAGE",
        completes="package",
    ),
    # --- handing over ---
    Option(
        "target",
        "Where to: registry/repository[:tag]; by default, the package's own tag",
        ("push",),
        metavar="TARGET",
    ),
    Option(
        "registry",
        "Address, with the beginning of its repositories: host[:port][/team]; by default, only say where packages go",
        ("connect",),
        metavar="REGISTRY",
    ),
    Option(
        "writable",
        "Let clients push into the workspace, too",
        ("registry",),
        ("--writable",),
        kind="flag",
        default=False,
        doors=SHELL,
    ),
    Option(
        "own",
        "Go back to the workspace's own registry on this machine",
        ("connect",),
        ("--own",),
        kind="flag",
        default=False,
    ),
    Option(
        "plain_http",
        "Speak plain http to a registry that is not on this machine",
        ("push", "connect"),
        ("--plain-http",),
        kind="flag",
        default=False,
    ),
    Option(
        "file",
        "File to write the whole package to, for docker load, podman, skopeo and load; one that is there is replaced",
        ("save",),
        metavar="FILE",
        completes="path",
    ),
    Option("file", "File that save has written", ("load",), metavar="FILE", completes="path"),
    Option("tag", "Tag to give it; by default, the one it had", ("load",), ("--tag", "-t"), metavar="TAG"),
    Option(
        "output",
        "Folder to write a Dockerfile package to; by default, imagefiles",
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
        between=(0, 65535),
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
        "public",
        "Let other computers reach it, with two keys that are made and shown once (or your MODELPACK_KEYS)",
        ("run",),
        ("--public",),
        kind="flag",
        default=False,
    ),
    Option(
        "watch",
        "Serve a newer script without a restart: by reload, and whenever its cell is packaged again",
        ("run",),
        ("--watch",),
        kind="flag",
        default=False,
    ),
    Option(
        "timeout",
        "Seconds to wait until it is ready",
        ("run", "reload"),
        ("--timeout",),
        kind="number",
        default=120,
        between=(1, A_DAY),
        metavar="SECONDS",
    ),
    Option("image", "Name or id of the image", ("remove",), metavar="IMAGE"),
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
        "JSON to send; by default, the package's sample; - reads standard input; in a notebook, also a variable",
        ("score",),
        metavar="DATA",
    ),
    Option(
        "service",
        "Name of the service; by default, the one this workspace runs",
        ("score", "reload"),
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
        between=(1, A_DAY),
        metavar="SECONDS",
    ),
    Option("follow", "Go on until the service ends", ("logs",), ("--follow", "-f"), kind="flag", default=False),
    Option("tail", "Only the last lines", ("logs",), ("--tail",), kind="number", metavar="LINES"),
    # --- looking ---
    Option("name", "Only this model, all its versions", ("models",), metavar="NAME", completes="model"),
    # --- keeping ---
    Option(
        "repair",
        "Set damaged blobs aside, and take them anew from where they are whole",
        ("check",),
        ("--repair",),
        kind="flag",
        default=False,
    ),
    Option("dry_run", "Only say what would go", ("gc",), ("--dry-run",), kind="flag", default=False),
    Option(
        "older_than",
        "Also layers of packages that no build has used for so many days",
        ("gc",),
        ("--older-than",),
        kind="number",
        between=(0, 36_500),
        metavar="DAYS",
    ),
    Option("ours", "Only images that were packaged here", ("images",), ("--ours",), kind="flag", default=False),
)
