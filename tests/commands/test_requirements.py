"""What stands in a requirements file is obeyed or refused by its name, as a shell types it."""

import io
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.environment_spec import needs_of
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.lock import required_hashes
from jupyter_modelpack.errors import ModelpackError, UsageError
from tests.commands.index import list_files, put_wheel, served

WRONG = "0" * 64
SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, base_image: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "score.py").write_text(SCRIPT)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    with served(tmp_path / "index") as address:
        yield tmp_path / "index", address


def versions(plan: dict) -> dict[str, str]:
    titles = (step["title"].split(" ") for step in plan["steps"] if step["state"] in {"kept", "downloaded"})
    return {words[0]: words[1] for words in titles if len(words) == 2}


# --- hashes ---


@pytest.fixture
def hashed(here: Path, index: tuple[Path, str]) -> str:
    """Files that ask for a hash by every way; the index has a tampered wheel of that version. Return its hash."""
    root, address = index
    good = put_wheel(root, "sturdy", "1.0", "ANSWER = 42\n")
    evil = put_wheel(root, "sturdy", "1.0", "ANSWER = 'stolen'\n")
    line, where = f"sturdy==1.0 --hash=sha256:{good}", f"--extra-index-url {address}"
    (here / "r.txt").write_text(f"{where}\nsturdy==1.0 \\\n    --hash=sha256:{good}\n")
    (here / "outer.txt").write_text("-r r.txt\n")
    (here / "c.txt").write_text(f"{line}\n")
    (here / "limited.txt").write_text(f"{where}\nsturdy==1.0\n-c c.txt\n")
    (here / "c.yml").write_text(f"dependencies:\n  - pip:\n      - {where}\n  - pip:\n      - {line}\n")
    (here / "plain.txt").write_text(f"{where}\nsturdy==1.0\n")
    (here / "good").write_text(good)
    return evil


WAYS = {
    "a file": ["-r", "r.txt"],
    "a file in a file": ["-r", "outer.txt"],
    "constraints": ["-r", "limited.txt"],
    "a conda file": ["--conda", "c.yml"],
    "--pip": ["-r", "plain.txt", "--pip"],
}


@pytest.mark.network
def test_a_tampered_wheel_is_not_installed(here, hashed, typed):
    """Neither from the index, nor from the caches of layers and of uv, which have it already."""
    assert typed("package", "score.py", "-r", "plain.txt")[0] == 0
    good = (here / "good").read_text()
    for way, words in WAYS.items():
        line = [f"sturdy==1.0 --hash=sha256:{good}"] if way == "--pip" else []
        code, _, said = typed("package", "score.py", *words, *line)
        assert (way, code) == (way, 5), said
        assert f"sha256:{hashed}" in said
        assert f"sha256:{good}" in said
        assert "sturdy 1.0 is not the file that is asked for" in said.replace("sturdy==1.0", "sturdy 1.0")


@pytest.mark.network
def test_neither_is_it_by_the_api(here, hashed):
    for environment in (
        Environment.from_pip_requirements("x", "r.txt"),
        Environment.from_conda_specification("x", "c.yml"),
        Environment.from_pip_requirements("x", "limited.txt"),
    ):
        made = Model.package(Workspace.default(), [], InferenceConfig("score.py", environment=environment))
        with pytest.raises(ModelpackError, match=f"sturdy 1.0 is not the file that is asked for: .*{hashed}"):
            made.wait_for_creation()


@pytest.mark.network
def test_a_lock_is_checked_each_time(here, hashed, index, typed, home):
    """One made before, and one that is brought."""
    good = put_wheel(index[0], "sturdy", "1.0", "ANSWER = 42\n")
    (here / "r.txt").write_text((here / "r.txt").read_text().replace((here / "good").read_text(), good))
    code, made, said = typed("package", "score.py", "-r", "r.txt")
    assert code == 0, said
    assert typed("plan", "score.py", "-r", "r.txt")[0] == 0
    text = next(one for one in Workspace.default().packages if one.location == made["reference"]).lock
    (here / "pylock.toml").write_text(text.replace(good, hashed))
    code, _, said = typed("plan", "score.py", "-r", "r.txt", "--lock", "pylock.toml")
    assert (code, hashed in said, good in said) == (5, True, True)
    for kept in (home / "cache" / "locks").iterdir():
        kept.write_text(kept.read_text().replace(good, hashed))
    code, _, said = typed("plan", "score.py", "-r", "r.txt")
    assert (code, hashed in said, good in said) == (5, True, True)


@pytest.mark.network
def test_with_one_hash_all_need_one(here, index, typed):
    root, address = index
    needed = put_wheel(root, "below", "1.0")
    good = put_wheel(root, "sturdy", "1.0", needs="below")
    where, line = f"--extra-index-url {address}", f"sturdy==1.0 --hash=sha256:{good}"

    def plan(*lines: str, words: tuple[str, ...] = ()) -> tuple[int, str]:
        (here / "r.txt").write_text("\n".join([where, *lines]))
        code, _, said = typed("plan", "score.py", "-r", "r.txt", *words)
        return code, said

    assert plan(line, f"below==1.0 --hash=sha256:{needed}")[0] == 0
    (here / "c.txt").write_text(f"{line}\n")
    for wanted in ("sturdy", "sturdy>=0.9"):
        assert plan(wanted, f"below==1.0 --hash=sha256:{needed}", "-c c.txt")[0] == 0
    for lines, words in (
        ([line], ()),
        ([line, "below==1.0"], ()),
        ([line, f"below --hash=sha256:{needed}"], ()),
        (["--require-hashes", "below==1.0"], ()),
        ([f"below==1.0 --hash=sha256:{needed}"], ("--pip", "below==1.0")),
        ([line, f"azureml-core==1.0 --hash=sha256:{WRONG}"], ()),
    ):
        code, said = plan(*lines, words=words)
        assert (lines, code) == (lines, 2), said
        assert re.search(r"below\S* (has no --hash|is not pinned with ==|is needed by the requirements)", said)


@pytest.mark.network
def test_constraints_of_a_whole_environment_leave_the_server_what_it_needs(here, index, typed):
    """They pin what the scoring server needs, too, and install none of it by themselves."""
    good = put_wheel(index[0], "sturdy", "1.0", "ANSWER = 42\n")
    pins = (Path(required_hashes.__file__).parent / "server_hashes.txt").read_text()
    (here / "c.txt").write_text(f"sturdy==1.0 --hash=sha256:{good}\n{pins}")
    (here / "r.txt").write_text(f"--extra-index-url {index[1]}\nsturdy\n-c c.txt\n")
    code, made, said = typed("package", "score.py", "-r", "r.txt")
    assert code == 0, said
    text = next(one for one in Workspace.default().packages if one.location == made["reference"]).lock
    assert {entry["name"] for entry in tomllib.loads(text)["packages"]} == {"sturdy", "httptools", "orjson"}


@pytest.mark.network
def test_a_tampered_source_archive_is_not_run(here, index, typed, tmp_path):
    root, address = index
    (root / "sourced").mkdir(parents=True)
    program = f"open({str(tmp_path / 'ran')!r}, 'w').close()\nfrom setuptools import setup\n"
    program += "setup(name='sourced', version='1.0', py_modules=[])\n"
    with tarfile.open(root / "sourced" / "sourced-1.0.tar.gz", "w:gz") as archive:
        for name, text in {"setup.py": program, "PKG-INFO": "Metadata-Version: 1.0\nName: sourced\n"}.items():
            entry = tarfile.TarInfo(f"sourced-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    list_files(root / "sourced")
    for line in (f"sourced==1.0 --hash=sha256:{WRONG}", f"{address}/sourced/sourced-1.0.tar.gz --hash=sha256:{WRONG}"):
        (here / "r.txt").write_text(f"--extra-index-url {address}\n{line}\n")
        code, _, said = typed("plan", "score.py", "-r", "r.txt")
        assert code in {2, 5}, said
        assert "sourced" in said
    assert not (tmp_path / "ran").exists()


@pytest.mark.network
@pytest.mark.parametrize("setting", ["", "UV_NO_VERIFY_HASHES"])
def test_an_index_that_lies_of_a_hash(setting, here, index, typed, monkeypatch):
    """It lists the hash that is asked for, and sends another file."""
    root, address = index
    good = put_wheel(root, "sturdy", "1.0", "ANSWER = 42\n")
    evil = put_wheel(root, "sturdy", "1.0", "ANSWER = 'stolen'\n")
    name = "sturdy-1.0-py3-none-any.whl"
    (root / "sturdy" / "index.html").write_text(f'<a href="{name}#sha256={good}">{name}</a>')
    if setting:
        monkeypatch.setenv(setting, "1")
    (here / "r.txt").write_text(f"--extra-index-url {address}\nsturdy==1.0 --hash=sha256:{good}\n")
    code, _, said = typed("package", "score.py", "-r", "r.txt")
    assert (code, good in said, evil in said) == (5, True, True)


@pytest.mark.network
def test_the_hash_of_a_local_wheel_counts(here, typed):
    good = put_wheel(here / "w", "sturdy", "1.0")
    for digest, wanted in ((good, 0), (WRONG, 5)):
        (here / "r.txt").write_text(f"./w/sturdy/sturdy-1.0-py3-none-any.whl --hash=sha256:{digest}\n")
        code, _, said = typed("plan", "score.py", "-r", "r.txt")
        assert code == wanted, said


@pytest.mark.network
def test_the_hash_in_an_address_counts(here, index, typed):
    root, address = index
    put_wheel(root, "sturdy", "1.0")
    file = f"{address}/sturdy/sturdy-1.0-py3-none-any.whl"
    code, _, said = typed("package", "score.py", "--pip", f"sturdy @ {file}#sha256={WRONG}")
    assert (code, WRONG in said) == (5, True)


def test_the_pins_of_the_server_are_those_of_the_lock_file():
    """What `make lock` writes, by hash: where hashes are asked for, the server's packages have them, too."""
    root = Path(__file__).parents[2]
    ours = (root / "jupyter_modelpack/builder/lock/server_hashes.txt").read_text()
    lock = (root / "requirements.lock").read_text()
    blocks = re.findall(r"^(?:httptools|orjson)==.*\n(?: .*\n)+", lock, re.MULTILINE)
    assert ours == "".join(blocks)
    assert len(blocks) == 2


# --- options ---


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--prefer-binary", "--only-binary :all:"),
        ("--use-feature=fast-deps", "a switch of pip itself"),
        ("--all-releases six", "Write --pre"),
        ("--only-final six", "take the line out"),
        ("six --global-option=--quiet", "Build a wheel"),
        ("six --config-settings a=b", "Build a wheel"),
        ("six -C a=b", "Build a wheel"),
        ("--hsah=sha256:0", "is no option that pip takes"),
        ("--index-url https://example.com/simple --surprise", "--surprise"),
        ("--hash=sha256:" + WRONG, "line of its own"),
        ("six==1.17.0 --hash=sha512:" + WRONG, "no other hash is checked"),
        ("six==1.17.0 --hash=sha256:abc", "no other hash is checked"),
        ("six==1.17.0 --hash", "lacks its value"),
        ("-r https://example.com/r.txt", "Fetch it and name your copy"),
        ("-c c.txt", "--index-url in the constraints file"),
        ("--index-url 'https://example.com", "a quote that nothing closes"),
        ("./folder", "it is no project"),
        ("six==1.17.0 (and more)", "is no requirement"),
    ],
)
def test_what_is_not_obeyed_is_refused_by_its_name(line, said, here, typed):
    (here / "c.txt").write_text("six<2\n--index-url https://example.com\n")
    (here / "folder").mkdir()
    (here / "inner.txt").write_text(f"{line}\n")
    (here / "r.txt").write_text("-r inner.txt\n")
    code, _, complaint = typed("plan", "score.py", "-r", "r.txt")
    assert code == 2
    assert said in complaint
    assert re.search(r"--?[a-zA-Z-]+|\./folder|'six", complaint.splitlines()[0])


@pytest.mark.parametrize(
    "line",
    [
        f"x @ https://me:hunter22@a.example/x-1.0.tar.gz --hash=sha256:{WRONG}",
        f"git+https://me:hunter22@a.example/x --hash=sha256:{WRONG}",
        f"-e git+https://me:hunter22@a.example/x --hash=sha256:{WRONG}",
        "x @ https://me:hunter22@a.example/x.whl --nonsense",
        "x @ https://me:hunter22@a.example/x.whl --prefer-binary",
        "-c missing.txt --index-url https://me:hunter22@a.example/simple",
    ],
)
def test_a_refusal_shows_no_password(line, here, typed):
    (here / "r.txt").write_text(f"{line}\n")
    code, _, said = typed("plan", "score.py", "-r", "r.txt")
    assert (code in {2, 3}, "hunter22" in said) == (True, False), said


def test_options_are_obeyed(here, index, typed):
    root, address = index
    for version in ("1.0", "2.0b1"):
        put_wheel(root, "sturdy", version)
    where = f"--extra-index-url {address}"

    def sturdy(*lines: str) -> str:
        (here / "r.txt").write_text("\n".join([where, *lines]))
        code, plan, said = typed("plan", "score.py", "-r", "r.txt")
        return versions(plan).get("sturdy", "") if code == 0 else said

    assert sturdy("sturdy") == "1.0"
    assert sturdy("--pre", "sturdy") == "2.0b1"
    (here / "less.txt").write_text("sturdy<1.5\n")
    (here / "c one.txt").write_text("-c less.txt\n")
    assert sturdy("--pre", "-c c one.txt", "sturdy") == "1.0"
    (here / "less.txt").write_text("sturdy==2.0b1\n")
    assert sturdy("--constraint=c\\ one.txt", "sturdy") == "2.0b1"
    (root / "c.txt").write_text("sturdy==2.0b1\n")
    assert sturdy(f"-c {address}/c.txt", "sturdy") == "2.0b1"
    (root / "hashed.txt").write_text(f"sturdy==2.0b1 --hash=sha256:{WRONG}\n")
    assert "--hash in the constraints file http://127.0.0.1" in sturdy(f"-c {address}/hashed.txt", "sturdy")
    assert "sturdy" in sturdy("--no-binary other,sturdy", "sturdy==1.0")
    assert "has no" in sturdy("--no-binary other,sturdy", "sturdy==1.0")
    assert sturdy("--only-binary=:all:", "sturdy==1.0") == "1.0"
    assert sturdy(f"-i https://example.invalid/simple --index-url={address} --no-index -f {address}/sturdy", "sturdy")
    assert "the package index has no package" in sturdy("--no-index", "sturdy")


# --- forms ---


def test_paths_as_pip_takes_them(here, typed):
    """A folder is built, an extra of it is resolved, a marker counts, and a space is no end."""
    put_wheel(here / "my wheels", "ready", "1.0", extra="more")
    wheel = "my wheels/ready/ready-1.0-py3-none-any.whl"
    project = here / "my projects" / "pkg"
    (project / "src" / "pkg").mkdir(parents=True)
    (project / "src" / "pkg" / "__init__.py").write_text("ANSWER = 42\n")
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n[project]\nname = 'pkg'\n"
        "version = '1.0'\noptional-dependencies.tool = ['six==1.16.0']\n"
    )
    (here / "nested").mkdir()
    (here / "nested" / "r.txt").write_text("-e ../my projects/pkg[tool]\n")

    def plan(*words: str) -> dict[str, str]:
        code, found, said = typed("plan", "score.py", *words)
        assert code == 0, said
        return {name: one for name, one in versions(found).items() if name in {"pkg", "ready", "six"}}

    assert plan("--pip", f"./{wheel}") == {"ready": "1.0"}
    assert plan("--pip", f"{wheel}[more]") == {"ready": "1.0", "six": "1.17.0"}
    assert plan("--pip", f"{here}/{wheel}[more] ; python_version > '3'") == {"ready": "1.0", "six": "1.17.0"}
    assert plan("--pip", f"./{wheel} ; python_version < '3'") == {}
    assert plan("--pip", f"./{wheel};python_version < '3'", "--pip", "six==1.16.0") == {"six": "1.16.0"}
    assert plan("--pip", "./my projects/pkg") == {"pkg": "1.0"}
    assert plan("--pip", "my projects/pkg[tool]") == {"pkg": "1.0", "six": "1.16.0"}
    assert plan("--pip", "./my projects/pkg[tool] ; python_version < '3'", "--pip", "six==1.17.0") == {"six": "1.17.0"}
    assert plan("-r", "nested/r.txt") == {"pkg": "1.0", "six": "1.16.0"}
    for missing in ("./none[extra]", "-e ./none[extra]", "./none.whl ; python_version > '3'"):
        code, _, said = typed("plan", "score.py", f"--pip={missing}")
        assert code == 3
        assert "none" in said
        assert "does not exist" in said


def test_a_folder_among_the_requirements_serves(here, typed):
    """What changed in the folder counts; the same content is the same image."""
    project = here / "pkg"
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\nname = 'pkg'\nversion = '1.0'\n[tool.setuptools]\n")
    (here / "score.py").write_text("import pkg\ndef init(): ...\ndef run(data):\n    return pkg.ANSWER\n")
    digests = []
    for answer in ("41", "42", "42"):
        (project / "pkg.py").write_text(f"ANSWER = {answer}\n")
        code, made, said = typed("package", "score.py", "--pip", "./pkg")
        assert code == 0, said
        digests.append(made["digest"])
    assert digests[0] != digests[1]
    assert digests[1] == digests[2]


def test_a_folder_is_built_without_a_trace_in_it_and_of_nothing_from_before(here, typed, home, monkeypatch):
    """What setuptools left there of a module that is deleted since is in no wheel; the user's settings still count."""
    project = here / "pkg"
    (project / "pkg").mkdir(parents=True)
    (project / "pkg" / "__init__.py").write_text("")
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'pkg'\nversion = '1.0'\n[tool.setuptools]\npackages = ['pkg']\n"
    )
    stale = project / "build" / "lib" / "pkg" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    settings = here / "own.cfg"
    settings.write_text("[bdist_wheel]\nbuild-number = 7\n[build]\nbuild-base = build\n")
    monkeypatch.setenv("DIST_EXTRA_CONFIG", str(settings))
    before = sorted(project.rglob("*"))
    code, _, said = typed("plan", "score.py", "--pip", "./pkg")
    assert code == 0, said
    assert sorted(project.rglob("*")) == before
    (wheel,) = (home / "cache" / "projects").rglob("*.whl")
    assert wheel.name == "pkg-1.0-7-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.endswith(".py")] == ["pkg/__init__.py"]
    settings.write_text("no section\n")
    code, _, said = typed("plan", "score.py", "--pip", "./pkg")
    assert code == 2
    assert f"{settings}, the file that DIST_EXTRA_CONFIG names, cannot be read" in said


def test_several_indexes_the_first_wins_and_that_is_said(here, typed, tmp_path, monkeypatch):
    with served(tmp_path / "old") as old, served(tmp_path / "new") as new:
        put_wheel(tmp_path / "old", "sturdy", "1.0")
        put_wheel(tmp_path / "new", "sturdy", "2.0")
        (here / "r.txt").write_text(f"--extra-index-url {old}\n--extra-index-url {new}\nsturdy\n")
        code, plan, said = typed("plan", "score.py", "-r", "r.txt")
        assert (code, versions(plan)["sturdy"]) == (0, "1.0")
        assert "UV_INDEX_STRATEGY=unsafe-best-match" in said
        (here / "r.txt").write_text(f"--extra-index-url {old}\n--extra-index-url {new}\nsturdy>1\n")
        code, _, said = typed("plan", "score.py", "-r", "r.txt")
        complaint = said.partition("modelpack: ")[2]
        assert code == 8
        assert f"sturdy>1 is not on {old}/, which has other versions of sturdy and is asked first" in complaint
        assert "set UV_INDEX_STRATEGY=unsafe-best-match in the environment" in complaint
        monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
        code, plan, said = typed("plan", "score.py", "-r", "r.txt")
        assert (code, versions(plan)["sturdy"]) == (0, "2.0"), said
        assert "pip takes the highest" not in said


# --- conda files ---


def test_every_key_of_a_conda_file_counts_or_is_refused(here, typed):
    (here / "c.yml").write_text(
        "name: x\nprefix: /opt/x\nchannels: [conda-forge]\nvariables:\n  COLOUR: blue\n  SIZE: 3\n"
        "dependencies:\n  - pip:\n    - six==1.16.0\n  - pip\n  - pip:\n    - tqdm==4.67.1\n"
    )
    needs = needs_of(Environment.from_conda_specification("x", "c.yml"))
    assert needs.requirements == ("six==1.16.0", "tqdm==4.67.1")
    assert needs.variables == {"COLOUR": "blue", "SIZE": "3"}
    code, _, said = typed("package", "score.py", "--conda", "c.yml", "--env-var", "SIZE=4")
    assert code == 0, said
    assert {"COLOUR=blue", "SIZE=4"} <= set(Workspace.default().packages[0].image.config()["config"]["Env"])
    (here / "c.yml").write_text("dependencies: [pip]\nplatform: [linux-64]\n")
    code, _, said = typed("plan", "score.py", "--conda", "c.yml")
    assert code == 2
    assert "platform of the conda file is nothing that conda knows" in said
    (here / "c.yml").write_text("dependencies: [pip]\nvariables: [A=1]\n")
    assert "`variables` has a text for each name" in typed("plan", "score.py", "--conda", "c.yml")[2]


@pytest.mark.parametrize(("image", "conda"), [("linux/amd64", "linux-64"), ("linux/arm64", "linux-aarch64")])
def test_platforms_of_a_conda_file_name_that_of_the_image(here, typed, image, conda):
    (here / "c.yml").write_text(f"dependencies: [pip]\nplatforms: [osx-arm64, {conda}]\n")
    environment = Environment.from_conda_specification("x", "c.yml")
    environment.docker.platform = image
    needs_of(environment)
    (here / "c.yml").write_text("dependencies: [pip]\nplatforms: [osx-arm64, win-64]\n")
    environment = Environment.from_conda_specification("x", "c.yml")
    environment.docker.platform = image
    with pytest.raises(UsageError) as caught:
        needs_of(environment)
    assert f"names osx-arm64, win-64; the image is for {image}" in caught.value.message
    assert f"Add {conda} to the list" in caught.value.hint
    (here / "c.yml").write_text("dependencies: [pip]\nplatforms: win-64\n")
    code, _, said = typed("plan", "score.py", "--conda", "c.yml")
    assert code == 2
    assert "`platforms` lists names" in said


# --- what cannot be met ---


@pytest.mark.parametrize(
    ("lines", "said", "do"),
    [
        ("no-such-package-of-modelpack", "index has no package no-such-package-of-modelpack", "Check the spelling"),
        ("six==99", "there is no version ==99 of six", "pip index versions six"),
        ("six>99", "there is no version >99 of six; there is six<=", "pip index versions six"),
        ("tensorflow==1.15", "tensorflow==1.15.0 has no wheel for CPython 3.11", "Name a newer version"),
        ("pywin32", "has no wheel for linux/amd64; there are wheels for win32", "sys_platform"),
        ("numpy==1.21.0\n--only-binary :all:", "--only-binary allows nothing else", "Name another version"),
        ("six>=1.16\nsix<1", "contradict each other: you require six>=1.16 and six<1", "Loosen one"),
        (
            "pandas==2.2.2\nnumpy==1.20",
            "pandas==2.2.2 depends on numpy>=1.23.2; you require pandas==2.2.2; you require numpy==1.20",
            "Loosen one",
        ),
    ],
)
def test_why_requirements_cannot_be_met(lines, said, do, here, typed):
    (here / "r.txt").write_text(lines)
    code, _, told = typed("plan", "score.py", "-r", "r.txt")
    message, hint = told.partition("modelpack: ")[2].splitlines()
    assert code == 8
    assert said in message
    assert do in hint
    assert len(message) < 400


@pytest.mark.parametrize("given", ["numpy,pandas", "numpy pandas", "numpy>=1.2,pandas"])
def test_several_requirements_in_one(given, typed):
    code, _, said = typed("plan", "score.py", f"--pip={given}")
    assert code == 2
    assert "is 2 requirements in one" in said
    assert "--pip once for each" in said


def test_offline_is_said(here, typed, monkeypatch, tmp_path):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    code, _, said = typed("plan", "score.py", "--pip", "six==1.16.0")
    assert code == 6
    assert "UV_OFFLINE forbids" in said
    assert "--find-links FOLDER" in said
