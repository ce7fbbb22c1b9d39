"""Let Sphinx find the tutorials: it reads only what lies among its sources, and follows no link out of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SOURCE = Path(__file__).parents[2] / "notebooks"


def mirror(source: Path, folder: Path) -> None:
    """Make `folder` hold the notebooks and images of `source` as they are now, and nothing else."""
    wanted = {path.relative_to(source): path for path in sorted([*source.glob("*.ipynb"), *source.glob("images/*")])}
    for path in list(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder) not in wanted:
            path.unlink()
    for name, path in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / name)  # with its time, by which Sphinx knows what to read again


def setup(app: Sphinx) -> dict[str, Any]:
    """Mirror them before Sphinx looks for its sources."""
    app.connect("config-inited", lambda app, _config: mirror(SOURCE, Path(app.srcdir) / "tutorials" / "notebooks"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
