"""Ignore files at every level, beside what git itself says of the same tree."""

import random
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.builder.context.ignore_rules import read_rules
from jupyter_modelpack.builder.context.source_files import survey

PIECES = (
    *("a", "b", "data", "x.csv", "y.log", "z.CSV", "a b", "[c]", "*", "*.csv", "?.log", "**", "[a-c]", "[!a]", "da*a"),
    *("*.c[st]v", "\\*", "a\\ b", "x*", "*x*.c*v", "[[:alpha:]]", "**b", "***", "#a", "!a", "d?ta"),
)
"""Of what lines are made; no `a**/b`, where git cuts off the `a` first and then takes the stars for folders."""

NAMES = ("a", "b", "c", "data", "x.csv", "y.log", "z.CSV", "a b", "[c]", "#a", "!a", "*")


def tree(root: Path, dice: random.Random) -> list[str]:
    """Make folders, files and ignore files by chance; return all files but those."""
    folders = [root]
    for _ in range(dice.randint(2, 9)):
        folder = dice.choice(folders) / dice.choice(NAMES)
        if len(folder.relative_to(root).parts) < 5 and not folder.exists():
            folder.mkdir()
            folders.append(folder)
    for _ in range(dice.randint(5, 25)):
        path = dice.choice(folders) / dice.choice(NAMES)
        if not path.exists():
            path.write_text("")
    for folder in dice.sample(folders, dice.randint(1, len(folders))):
        (folder / ".gitignore").write_text("\n".join(line(dice) for _ in range(dice.randint(1, 5))) + "\n")
    found = (path for path in root.rglob("*") if path.is_file() and path.name != ".gitignore")
    return sorted(path.relative_to(root).as_posix() for path in found)


def line(dice: random.Random) -> str:
    pieces = [dice.choice(PIECES) for _ in range(dice.choice((1, 1, 1, 2, 2, 3)))]
    text = dice.choice(("", "", "", "/")) + "/".join(pieces) + dice.choice(("", "", "", "/", "  ", "\\ "))
    return dice.choice(("", "", "", "!", "!")) + text


@pytest.mark.parametrize("seed", range(8))
def test_as_git_reads_them(seed, tmp_path):
    """Git is asked once for all trees: each has a folder, and nothing above them is ignored."""
    dice = random.Random(seed)
    trees = {}
    for number in range(30):
        root = tmp_path / str(number)
        root.mkdir()
        trees[root] = tree(root, dice)
    subprocess.run(["git", "init", "-q", "--template=", str(tmp_path)], check=True, capture_output=True)
    asked = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "-z", "--stdin", "--no-index"],
        input="\0".join(f"{root.name}/{path}" for root, files in trees.items() for path in files),
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode in {0, 1}, asked.stderr
    ignored = set(asked.stdout.split("\0"))
    for root, files in trees.items():
        theirs = {path for path in files if f"{root.name}/{path}" not in ignored}
        ours = {path for path, _ in survey(root).files if not path.endswith(".gitignore")}
        rules = {str(path.relative_to(root)): path.read_text() for path in root.rglob(".gitignore")}
        assert ours == theirs, rules
    assert sum(map(len, trees.values())) > 100


def test_a_folder_that_says_of_itself_that_it_stays_here(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("score.py", "data/customers.csv", "data/public.csv"):
        (tmp_path / name).write_text("")
    (tmp_path / "data" / ".gitignore").write_text("*\n")
    assert [path for path, _ in survey(tmp_path).files] == ["score.py"]
    # The root's own list for packages has the last word.
    (tmp_path / ".amlignore").write_text("!data/public.csv\n.amlignore\n")
    assert [path for path, _ in survey(tmp_path).files] == ["data/public.csv", "score.py"]
    (tmp_path / "data" / ".gitignore").write_text("!customers.csv\n")
    (tmp_path / ".amlignore").write_text("*.csv\n.*ignore\n")
    assert [path for path, _ in survey(tmp_path).files] == ["score.py"]


def test_a_pattern_takes_no_longer_than_it_is(benchmark_of):
    hostile = read_rules(["*a" * 60 + "b", "**/a/" * 60 + "b", "[a]*" * 60 + "b"])
    one = benchmark_of(lambda: [rule.fits(["a" * 250] * 10, folder=False) for rule in hostile])
    assert one < 0.5


@pytest.fixture
def benchmark_of():
    """Return how many seconds a call takes on the processor."""
    import time

    def measure(call) -> float:
        started = time.process_time()
        call()
        return time.process_time() - started

    return measure
