"""What a how-to page asks its reader to type: files to write, commands to run, what they print.

Comments before a block say what a reader does not see: ``file: NAME`` (the block is a file), ``needs: RIG...`` (what
the page is about and this machine has to stand in for), ``offline`` (the block is for a machine without a network),
and ``not run: REASON``.
"""

import re
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(r"(?P<notes>(?:<!--[^>]*-->\s*)*)^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NOTE = re.compile(r"<!-- (?P<word>[a-z ]+?)(?:: (?P<rest>.*?))? -->", re.DOTALL)


class Command(NamedTuple):
    """One command and the output that the page shows, if any."""

    line: str
    shown: str


class Block(NamedTuple):
    """A fenced block with the notes above it."""

    notes: dict[str, str]
    kind: str
    text: str

    @property
    def commands(self) -> list[Command]:
        """What follows a prompt, each with the lines up to the next one."""
        if self.kind != "console":
            return []
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not parts[0], f"a console block begins with a prompt: {self.text}"
        return [_command(part.splitlines()) for part in parts[1:]]


def _command(lines: list[str]) -> Command:
    """Tell a command, which lines after a second prompt continue, from what it prints."""
    end = next((number for number, line in enumerate(lines) if number and not line.startswith("> ")), len(lines))
    typed = [lines[0], *(line.removeprefix("> ") for line in lines[1:end])]
    return Command("\n".join(typed), "\n".join(lines[end:]).strip())


class Page(NamedTuple):
    """A page with everything in it that can be tried."""

    path: Path
    needs: list[str]
    blocks: list[Block]

    @property
    def files(self) -> dict[str, str]:
        """Files that the page has its reader write."""
        return {block.notes["file"]: block.text for block in self.blocks if "file" in block.notes}

    @property
    def run(self) -> list[Block]:
        """Console blocks to run."""
        return [block for block in self.blocks if block.kind == "console" and "not run" not in block.notes]


def read(path: Path) -> Page:
    """Take a page apart."""
    text = path.read_text()
    needs = [rig for note in NOTE.finditer(text) if note["word"] == "needs" for rig in note["rest"].split()]
    return Page(
        path, needs, [Block(_notes(found["notes"]), found["kind"], found["text"]) for found in FENCE.finditer(text)]
    )


def _notes(comments: str) -> dict[str, str]:
    return {note["word"]: note["rest"] or "" for note in NOTE.finditer(comments)}


def matches(shown: str, printed: str) -> bool:
    """Whether output is what a page shows of it, where ``...`` stands for anything."""
    parts = [".*" if part == "..." else re.escape(part) for part in re.split(r"(\n?\.\.\.)", shown.strip())]
    pattern = "".join(".*" if part == re.escape("\n...") else part for part in parts)
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
