"""Make a base image from Debian packages, for machines that reach no image registry.

mmdebstrap unpacks Python and the few libraries that scientific wheels need; no root and no container
are involved. No maintainer script runs, so what those would have made (users, the certificate
bundle) is written here.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.builder.base_image.base_name import made_name
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.builder.source_date import source_date
from jupyter_modelpack.errors import Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import USER_ID, USER_NAME
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import MTIME, LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Descriptor, Manifest, Platform, canonical
from jupyter_modelpack.store.layout import Layout

SUITES = {"3.11": "bookworm", "3.13": "trixie"}
"""Debian releases by the minor version of their Python."""

_PACKAGES = "python3,ca-certificates,libgomp1,tzdata,libc6,libstdc++6"
_EXCLUDED = ("usr/share/man/*", "usr/share/locale/*", "usr/share/doc/*", "usr/share/info/*", "usr/share/lintian/*")
_DROPPED = ("dev/", "var/cache/", "var/log/", "var/lib/apt/", "etc/resolv.conf", "etc/hostname")
_CERTIFICATES = "usr/share/ca-certificates/mozilla/"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders that are links into /usr since Debian 13; its packages leave them to one that is not needed otherwise."""
_USERS = (
    f"root:x:0:0:root:/root:/usr/sbin/nologin\n{USER_NAME}:x:{USER_ID}:{USER_ID}:{USER_NAME}:/tmp:/usr/sbin/nologin\n"
)
_GROUPS = f"root:x:0:\n{USER_NAME}:x:{USER_ID}:\n"


def make_base(python: str, platform: Platform, cache: Layout, report: Reporter, packages: Sequence[str] = ()) -> Image:
    """Make the base image for a Python minor version and keep it in the machine's cache.

    Two runs over the same Debian packages on one day give the same image; SOURCE_DATE_EPOCH widens
    this to any day.

    Args:
        python: The minor version.
        platform: What it will run on.
        cache: The machine's layout.
        report: For the log.
        packages: Debian packages it is to hold beside those that it always does.

    Raises:
        UsageError: no Debian release has that Python.
        Unavailable: mmdebstrap is not installed.
        BuildFailed: mmdebstrap failed, for example because the Debian mirror is out of reach.
    """
    suite = SUITES.get(python)
    if suite is None:
        known = " and ".join(f"{version} ({name})" for version, name in SUITES.items())
        raise UsageError(
            f"No Debian release has Python {python}: this makes base images with Python {known}.",
            hint="Name another base image with MODELPACK_BASE_IMAGE.",
        )
    program = shutil.which("mmdebstrap")
    if program is None:
        raise Unavailable(
            "mmdebstrap is not installed.",
            hint="Install it (`apt-get install mmdebstrap`), or name a base image with MODELPACK_BASE_IMAGE.",
            code="no-mmdebstrap",
        )
    report.stage("base", f"Base image from Debian {suite} packages")
    with tempfile.TemporaryDirectory(prefix="modelpack-base-") as folder:
        root = Path(folder) / "root.tar"
        argv = [
            program,
            "--variant=extract",
            f"--include={','.join([_PACKAGES, *packages])}",
            f"--architectures={platform.architecture}",
        ]
        argv += [f"--dpkgopt=path-exclude=/{pattern}" for pattern in _EXCLUDED]
        argv += ["--dpkgopt=path-include=/usr/share/doc/*/copyright", suite, str(root)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(MTIME), "LC_ALL": "C.UTF-8"}
        run_tool(argv, report, step="Making the base image", env=environment)
        with root.open("rb") as stream, cache.new_blob() as blob:
            certificates, links = _copy(stream, blob)
            system = blob.commit(LAYER)
    with cache.new_blob() as blob:
        _write_settings(LayerWriter(blob), certificates, links)
        settings = blob.commit(LAYER)
    return _keep(made_name(python, platform, packages), python, platform, [system, settings], cache)


def _copy(stream: BinaryIO, out: object) -> tuple[bytes, list[str]]:
    """Copy mmdebstrap's tar without devices, caches and setuid bits; return certificates and the links it lacks."""
    certificates = []
    folders = set()
    with (
        tarfile.open(fileobj=stream, mode="r|") as source,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as target,  # type: ignore[call-overload]
    ):
        for info in source:
            name = info.name.removeprefix("./")
            if name in {"", "."} or name.startswith(_DROPPED) or info.isdev():
                continue
            if info.isdir() or info.issym():
                folders.add(name.rstrip("/"))
            info.name, info.mtime, info.mode = name, MTIME, info.mode & 0o1777
            info.uname = info.gname = ""
            info.pax_headers = {}
            content = source.extractfile(info) if info.isreg() else None
            if content and name.startswith(_CERTIFICATES):
                data = content.read()
                certificates.append((name, data))
                target.addfile(info, io.BytesIO(data))
            else:
                target.addfile(info, content)
    links = [name for name in _MERGED if f"usr/{name}" in folders and name not in folders]
    return b"".join(data for _, data in sorted(certificates)), links


def _write_settings(layer: LayerWriter, certificates: bytes, links: list[str]) -> None:
    layer.file("etc/group", _GROUPS.encode())
    layer.file("etc/passwd", _USERS.encode())
    layer.file(_BUNDLE, certificates)
    for name in links:
        layer.symlink(name, f"usr/{name}")
    layer.close()


def _keep(name: str, python: str, platform: Platform, layers: list[Descriptor], cache: Layout) -> Image:
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    created = source_date() or today
    config = {
        "architecture": platform.architecture,
        "os": platform.os,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", f"SSL_CERT_FILE=/{_BUNDLE}"],
            "Cmd": [f"/usr/bin/python{python}"],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created_by": "mmdebstrap"}, {"created_by": "users, certificates"}],
    }
    manifest = Manifest(cache.put_bytes(CONFIG, canonical(config)), tuple(layers))
    descriptor = cache.put_bytes(MANIFEST, manifest.to_bytes())
    cache.tag(name, descriptor)
    return cache.image(descriptor)


def host_python() -> str:
    """Return the minor version of the Python that runs this, ``3.11``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
