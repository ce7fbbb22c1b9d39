"""Wheels of a few files, made on the spot, in a folder that pip and uv take as a wheelhouse."""

import hashlib
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path


def wheel(
    folder: Path,
    name: str,
    files: Mapping[str, bytes],
    *,
    version: str = "1.0",
    needs: tuple[str, ...] = (),
    tag: str = "py3-none-any",
) -> Path:
    """Write the wheel of a project; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path, info = folder / f"{stem}-{tag}.whl", f"{stem}.dist-info"
    head = "".join(f"Requires-Dist: {one}\n" for one in needs)
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{head}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    rows = "".join(f"{one},,\n" for one in (*members, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in {**members, f"{info}/RECORD": rows.encode()}.items():
            archive.writestr(zipfile.ZipInfo(one), content)
    return path


def noise(size: int, seed: str) -> bytes:
    """Return bytes that no archive makes smaller, always the same ones."""
    return hashlib.shake_256(seed.encode()).digest(size)


def shared_object(*needs: str, name: str = "", search: str = "") -> bytes:
    """Return the smallest file that says what a shared object for this processor says of itself."""
    strings, entries = b"\0", []
    for tag, text in [*((1, one) for one in needs), (14, name), (29, search)]:
        if text:
            entries.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    place = 64 + 2 * 56
    entries += [(5, place), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    size = place + len(strings) + len(dynamic)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    at = place + len(strings)
    return head + load + struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(dynamic), len(dynamic), 8) + strings + dynamic
