"""Names of Debian packages: of those that bring a shared library which wheels leave to the system.

The names are Debian 12's; where Debian 13 has renamed one, its package answers to the old name, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_modelpack.errors import UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
"""Debian policy manual, section 5.6.1."""

_PACKAGES = {
    "libGL": "libgl1",
    "libGLU": "libglu1-mesa",
    "libGLX": "libglx0",
    "libEGL": "libegl1",
    "libOpenCL": "ocl-icd-libopencl1",
    "libOpenGL": "libopengl0",
    "libICE": "libice6",
    "libSM": "libsm6",
    "libX11": "libx11-6",
    "libXcursor": "libxcursor1",
    "libXext": "libxext6",
    "libXfixes": "libxfixes3",
    "libXi": "libxi6",
    "libXrandr": "libxrandr2",
    "libXrender": "libxrender1",
    "libXss": "libxss1",
    "libXtst": "libxtst6",
    "libaio": "libaio1",
    "libasound": "libasound2",
    "libatomic": "libatomic1",
    "libblas": "libblas3",
    "libbz2": "libbz2-1.0",
    "libcairo": "libcairo2",
    "libcrypt": "libcrypt1",
    "libcrypto": "libssl3",
    "libcurl": "libcurl4",
    "libdbus-1": "libdbus-1-3",
    "libdrm": "libdrm2",
    "libexpat": "libexpat1",
    "libffi": "libffi8",
    "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6",
    "libgbm": "libgbm1",
    "libgcc_s": "libgcc-s1",
    "libgeos_c": "libgeos-c1v5",
    "libgfortran": "libgfortran5",
    "libglib-2.0": "libglib2.0-0",
    "libgmp": "libgmp10",
    "libgobject-2.0": "libglib2.0-0",
    "libgomp": "libgomp1",
    "libgssapi_krb5": "libgssapi-krb5-2",
    "libgthread-2.0": "libglib2.0-0",
    "libkrb5": "libkrb5-3",
    "liblapack": "liblapack3",
    "libltdl": "libltdl7",
    "liblzma": "liblzma5",
    "libmagic": "libmagic1",
    "libmariadb": "libmariadb3",
    "libmpfr": "libmpfr6",
    "libncursesw": "libncursesw6",
    "libnss3": "libnss3",
    "libnuma": "libnuma1",
    "libodbc": "libodbc2",
    "libopenblas": "libopenblas0",
    "libpango-1.0": "libpango-1.0-0",
    "libpng16": "libpng16-16",
    "libportaudio": "libportaudio2",
    "libpq": "libpq5",
    "libproj": "libproj25",
    "libquadmath": "libquadmath0",
    "libreadline": "libreadline8",
    "libsasl2": "libsasl2-2",
    "libsndfile": "libsndfile1",
    "libsodium": "libsodium23",
    "libspatialindex_c": "libspatialindex-c6",
    "libsqlite3": "libsqlite3-0",
    "libssl": "libssl3",
    "libstdc++": "libstdc++6",
    "libtbb": "libtbb12",
    "libtinfo": "libtinfo6",
    "libusb-1.0": "libusb-1.0-0",
    "libuuid": "libuuid1",
    "libxcb": "libxcb1",
    "libxkbcommon": "libxkbcommon0",
    "libxml2": "libxml2",
    "libxslt": "libxslt1.1",
    "libz": "zlib1g",
    "libzmq": "libzmq5",
}


def debian_package(library: str) -> str:
    """Return the package of a library such as ``libgomp.so.1``; empty where it is not known."""
    match = re.fullmatch(r"(.+?)\.so[.\d]*", library)
    return _PACKAGES.get(match[1], "") if match else ""


def check_packages(packages: Sequence[str]) -> tuple[str, ...]:
    """Return the names if all could be those of Debian packages; raise `UsageError` naming the first that could not."""
    for name in packages:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name[:80]!r} is no name of a Debian package.",
                hint="Name each by itself: --apt libgomp1 --apt libgl1.",
                code="bad-name",
            )
    return tuple(packages)
