"""The program of a dry run, on its own."""

import json
import subprocess
import sys

from jupyter_modelpack.builder.dockerfile import text as docker_text
from jupyter_modelpack.builder.local_run import dry_run_program
from tests.services import CHECKOUT


def test_a_python_without_the_servers_packages_can_try_a_script(tmp_path) -> None:
    (tmp_path / "score.py").write_text(
        "import json\ndef init(): ...\n"
        "def run(data): return {'sum': sum(json.loads(data)), 'is': {1}, 'nan': float('nan')}\n"
    )
    done = subprocess.run(
        # -S: the standard library alone, as in a kernel that has no orjson
        [sys.executable, "-S", "-P", dry_run_program.__file__, str(CHECKOUT / "jupyter_modelpack/scoring")],
        input="[1, 2]",
        env={"AML_APP_ROOT": str(tmp_path), "AZUREML_ENTRY_SCRIPT": "score.py"},
        capture_output=True,
        text=True,
        check=True,
    )
    outcome = json.loads(done.stdout)
    assert (outcome["status"], json.loads(outcome["text"])) == (200, {"sum": 3, "is": [1], "nan": None})


def test_a_label_in_a_dockerfile_holds_json() -> None:
    assert docker_text.label("a.b", '{"x": "$1"}') == 'LABEL a.b="{\\"x\\": \\"\\$1\\"}"'
