import copy
from pathlib import Path

import pytest

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.environment_spec import needs_of
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.exceptions import WebserviceException

SCRIPT = "def init():\n    pass\n\ndef run(data):\n    return data\n"


@pytest.fixture
def score(here: Path) -> Path:
    path = here / "score.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def source(here: Path) -> Path:
    folder = here / "src"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "score.py").write_text(SCRIPT)
    (folder / "extradata.json").write_text("{}")
    return folder


def test_a_script_is_taken_as_it_is_now(score):
    config = InferenceConfig(entry_script="score.py", environment=Environment("e"))
    made = config.as_source()
    assert (made.entry_script, made.folder, made.content) == ("score.py", None, SCRIPT.encode())
    latin = b"# coding: latin-1\nname = '\xe9'\n" + SCRIPT.encode()
    score.write_bytes(latin)
    made = InferenceConfig(entry_script="score.py").as_source()
    score.write_text("another cell writes this before the build reads")
    assert (made.entry_script, made.content) == ("score.py", latin)


def test_a_source_directory_ships_whole(source):
    config = InferenceConfig("sub/score.py", source_directory="src")
    assert config.source_directory == str(source)
    made = config.as_source()
    assert (made.entry_script, made.folder) == ("sub/score.py", source)
    assert InferenceConfig(source / "sub" / "score.py", source_directory="src").entry_script == "sub/score.py"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"entry_script": ""}, "Error, need to specify entry_script."),
        ({"entry_script": "score.py", "source_directory": "gone"}, "source directory {here}/gone doesn't exist. "),
        (
            {"entry_script": "gone.py"},
            "entry_script gone.py doesn't exist. entry_script should be path relative to current working directory",
        ),
        ({"entry_script": "a.txt"}, "Invalid driver type. Currently only Python drivers are supported."),
        ({"entry_script": "bad-name.py"}, 'Error, invalid name "bad-name" for provided entry script.'),
        ({"entry_script": "class.py"}, 'Error, invalid name "class" for provided entry script.'),
        (
            {"entry_script": "syn.py"},
            "invalid syntax (syn.py, line 1). Please check it and try local deployment to verify.",
        ),
        (
            {"entry_script": "score.py", "environment": Environment("e"), "runtime": "python"},
            "Error, unable to provide runtime, conda_file, extra_docker_file_steps, enable_gpu, cuda_version, or",
        ),
        (
            {"entry_script": "score.py", "runtime": "r"},
            "Provided runtime not supported. Possible runtimes are: spark-py|python",
        ),
    ],
)
def test_azures_checks_in_its_words(here, score, how, message):
    for name in ("a.txt", "bad-name.py", "class.py"):
        (here / name).write_text(SCRIPT)
    (here / "syn.py").write_text("def = 3\n")
    with pytest.raises(WebserviceException) as caught:
        InferenceConfig(**how)
    assert caught.value.message.startswith(message.format(here=here))


@pytest.mark.parametrize("name", ["select.py", "types.py", "http.py"])
def test_a_name_of_pythons_own_is_refused(here, name):
    (here / name).write_text(SCRIPT)
    with pytest.raises(UsageError, match=f"{name} has the name of a module of Python's own") as caught:
        InferenceConfig(name)
    assert "Rename it" in caught.value.hint
    with pytest.raises(UsageError, match="module of Python's own"):
        InferenceConfig.from_source(SCRIPT, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def init(): pass\n", r"score\.py defines no run\(\)"),
        ("def run(data): pass\n", r"score\.py defines no init\(\)"),
        ("def init(): pass\nclass A:\n    def run(self): pass\n", r"defines no run\(\)"),
        ("def init(path): pass\ndef run(data): pass\n", r"line 1: init\(\) is called without arguments.* needs path"),
        ("def init(*, a, b=1): pass\ndef run(data): pass\n", "needs a"),
        ("def init(): pass\ndef run(): pass\n", r"line 2: run\(\) takes no argument"),
        ("%time\n", "'%time' is for IPython"),
        ("x = '\0'\n", "null bytes"),
    ],
)
def test_what_cannot_work_is_found_before_the_build(text, message):
    with pytest.raises(UsageError, match=message):
        InferenceConfig.from_source(text)


@pytest.mark.parametrize(
    "text",
    [
        "async def run(data): pass\ndef init(path=None): pass\n",
        "from serving import init, run\n",
        "from serving import *\n",
        "import serving\ninit, run = serving.init, serving.run\n",
        "def init(): pass\nrun = lambda data: 1\n",
        "try:\n    from fast import run\nexcept ImportError:\n    def run(data): ...\nif True:\n    def init(): ...\n",
        "@schema\ndef run(): ...\n@once\ndef init(a): ...\n",
        "import a as driver_module\n",
        "def init(*args, **kwargs): ...\ndef run(*args): ...\n",
    ],
)
def test_scripts_that_may_work_pass(text):
    assert InferenceConfig.from_source(text).source == text


def test_dockerfile_steps_that_are_no_text(here, score):
    (here / "steps").mkdir()
    with (
        pytest.warns(DeprecationWarning, match="use environment"),
        pytest.raises(UsageError, match="steps is not a regular file"),
    ):
        InferenceConfig("score.py", extra_docker_file_steps="steps")
    (here / "program").write_bytes(b"\x7fELF\xff")
    with (
        pytest.warns(DeprecationWarning, match="use environment"),
        pytest.raises(UsageError, match="program is no UTF-8 text"),
    ):
        InferenceConfig("score.py", extra_docker_file_steps="program")


def test_a_cell_is_written_to_no_file(here):
    environment = Environment("e")
    config = InferenceConfig.from_source(SCRIPT, "score.py", environment)
    assert config.as_source().content == SCRIPT.encode()
    assert config.environment is environment
    assert list(here.iterdir()) == []
    with pytest.raises(UsageError, match="plain name"):
        InferenceConfig.from_source(SCRIPT, "../score.py")


def test_the_callers_environment_stays_as_it_is(score):
    environment = Environment("e")
    before = copy.deepcopy(environment.environment_variables)
    InferenceConfig("score.py", environment=environment).as_source()
    assert environment.environment_variables == before
    with pytest.raises(UsageError, match="environment is an Environment, not str"):
        InferenceConfig("score.py", environment="e")


def test_older_arguments_become_an_environment(here, score):
    (here / "conda.yml").write_text("dependencies: [python=3.10, {pip: [numpy]}]\n")
    (here / "steps").write_text("RUN true\n")
    with pytest.warns(DeprecationWarning, match="use environment"):
        config = InferenceConfig(
            "score.py", "python", conda_file="conda.yml", extra_docker_file_steps="steps", base_image="debian"
        )
    needs = needs_of(config.environment, config.docker_steps())
    assert (needs.python, needs.requirements, needs.base) == ("3.10", ("numpy",), "debian")
    assert needs.needs_engine == "extra Dockerfile steps"
    assert repr(config) == (
        "InferenceConfig(entry_script=score.py, runtime=python, conda_file=conda.yml, extra_docker_file_steps=steps, "
        "source_directory=None, enable_gpu=None, base_image=debian, base_image_registry=None)"
    )
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(PathNotFound):
        InferenceConfig("score.py", extra_docker_file_steps="gone")
    with pytest.raises(UsageError, match="CUDA"):
        InferenceConfig("score.py", enable_gpu=True)


def test_a_script_outside_its_folder(source, score):
    with pytest.raises(UsageError, match="leads out of"):
        InferenceConfig("../score.py", source_directory="src")
    (source / "link.py").symlink_to(score)
    with pytest.raises(UsageError, match=r"link\.py leads out of"):
        InferenceConfig("link.py", source_directory="src")


def test_an_ignored_script_says_so(source):
    (source / ".gitignore").write_text("sub/\n")
    config = InferenceConfig("sub/score.py", source_directory="src")
    with pytest.raises(UsageError, match="does not ship"):
        config.as_source()
    (source / ".amlignore").write_text("!sub/\n")
    assert config.as_source().entry_script == "sub/score.py"


def test_a_folder_with_a_link_out_of_it(source):
    (source / "host").symlink_to("/etc/hostname")
    config = InferenceConfig("sub/score.py", source_directory="src")
    with pytest.raises(UsageError, match=r"src/host leads out of"):
        config.as_source()
