"""The TypeScript compiler alone, as the side panel's lock file pins it, kept in `.cache/`."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.services import CACHE, CHECKOUT, only_one

NAME = "node_modules/typescript"


def compiler() -> Path:
    """Give the program tsc; fetched once."""
    lock = json.loads((CHECKOUT / "labextension/package-lock.json").read_text())
    pinned = lock["packages"][NAME]
    done = CACHE / f"typescript-{pinned['version']}"
    with only_one("typescript"):
        if not done.exists():
            CACHE.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                _install({"typescript": pinned["version"]}, {NAME: pinned}, Path(work, "made"))
                Path(work, "made").rename(done)
    return done / "node_modules" / ".bin" / "tsc"


def _install(wanted: dict[str, str], packages: dict[str, dict], folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("TypeScript is fetched with npm, which is missing here: install Node.js 20 or newer.")
    folder.mkdir()
    about = {"name": "compiler", "version": "1.0.0", "devDependencies": wanted}
    lock = {**about, "lockfileVersion": 3, "packages": {"": about, **packages}}
    (folder / "package.json").write_text(json.dumps(about))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    command = [npm, "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
