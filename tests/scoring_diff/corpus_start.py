"""How scripts are found and started, and how a failed start ends (azure-differences.md 4, 7.5, 7.6)."""

from tests.scoring_diff.case import Script, get, post

OK = "def init(): ...\ndef run(data): return data\n"
DRIVER = Script(
    "driver_module",
    """
import types
driver_module = types.ModuleType("driver_module")
driver_module.__file__ = "driver.py"
exec("def init(): raise RuntimeError\\ndef run(data): return [said, data]", vars(driver_module))
def init(): driver_module.said = "said by the outer init"
def run(data): return "outer"
""",
    (post("driver_module is followed", "x"),),
)
NO_MODULE = Script(
    "a driver_module that is no module",
    "import types\ndriver_module = types.SimpleNamespace(run=lambda data: 'inner')\n" + OK,
    (post("no module is not followed", "x"),),
)
PLACED = Script(
    "files around the script",
    "",
    (
        post("source directory and relative model folder", "x"),
        get("the name from config.json", "/swagger.json"),
        get("own swagger3", "/swagger.json?version=3"),
    ),
    settings={
        "AZUREML_ENTRY_SCRIPT": "src/sub/score.py",
        "AZUREML_SOURCE_DIRECTORY": "src",
        "AZUREML_MODEL_DIR": "azureml-models/m/1",
    },
    files={
        "src/helper.py": "WORD = 'helped'",
        "azureml-models/m/1/m": "the model",
        "config.json": '{"SERVICE_NAME": "mine", "SERVICE_VERSION": "7", "SERVICE_PATH_PREFIX": "/p"}',
        "swagger3.json": '{"mine": 3}',
        "src/sub/score.py": """
import helper, os
def init():
    global text
    text = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "m")).read()
def run(data): return [helper.WORD, __name__, text, os.path.exists("src/helper.py")]
""",
    },
)
FAILURES = (
    Script("init raises", "def init(): 1/0\ndef run(data): ...\n"),
    Script("no run", "def init(): ...\n"),
    Script("a syntax error", "def init(:\n"),
    Script("*args", "def init(): ...\ndef run(*data): ...\n"),
    Script("init exits", "def init(): raise SystemExit(7)\ndef run(data): ...\n"),
    Script("a setting that is no number", OK, settings={"SCORING_TIMEOUT_MS": "abc"}),
)
CORPUS = (DRIVER, NO_MODULE, PLACED, *FAILURES)
