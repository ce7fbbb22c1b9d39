"""Run a notebook and show it as a terminal shows a session: `python -m tests.notebooks.transcript FILE`.

The notebook runs in a copy of its folder, so that nothing it writes lands in the checkout. The last thing
shown is what it was all for: the table of images, then the scores.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# A list of two numbers: what the tutorial's two rows are scored as.
SCORES = re.compile(r"\[-?\d[\d.e+-]*, -?\d[\d.e+-]*\]")
TABLE = re.compile(r"^REPOSITORY .*(?:\n\S+ +\S+ +[0-9a-f]{12} .*)*", re.MULTILINE)


class Transcript(NotebookClient):
    """A notebook client that prints what comes while it comes."""

    def process_message(self, msg, cell, cell_index):
        """Print text as soon as the kernel says it."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            print(content["text"], end="", flush=True)
        elif msg["msg_type"] in {"display_data", "execute_result"}:
            print(content["data"].get("text/plain", ""), flush=True)
        return super().process_message(msg, cell, cell_index)


def show(cell, cell_index):
    """Print a cell the way a session shows what was typed."""
    if cell.cell_type == "code":
        print("\n" + "\n".join(f">>> {line}" for line in cell.source.splitlines()), flush=True)


def said(notebook) -> str:
    """Give everything a notebook's cells have printed or shown."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


def main(path: Path) -> None:
    """Run the notebook at `path`; fail when it does, or when it shows no image or no score."""
    with tempfile.TemporaryDirectory() as work:
        folder = shutil.copytree(path.parent, Path(work, path.parent.name))
        notebook = nbformat.read(path, as_version=4)
        client = Transcript(
            notebook,
            timeout=600,
            resources={"metadata": {"path": str(folder)}},
            extra_arguments=["--log-level=ERROR"],  # the kernel's own advice is not part of the show
            on_cell_execute=show,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            sys.exit(f"\n{path.name} failed: {error}")
    tables, scores = TABLE.findall(said(notebook)), SCORES.findall(said(notebook))
    if not (tables and scores):
        sys.exit(f"{path.name} ran, but showed {'no scores' if tables else 'no table of images'}.")
    print(f"\nImages\n\n{tables[-1]}\n\nScores\n\n{scores[-1]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
