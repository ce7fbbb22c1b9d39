"""Requests made up from our own description, valid or not: each gets an answer that the description names."""

import subprocess

from tests.scoring.service import running
from tests.scoring_diff.servers import environment

SCRIPT = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
    def init(): ...
    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
    @input_schema("method", StandardPythonParameterType("mean"))
    @output_schema(StandardPythonParameterType([1.5]))
    def run(data, method="mean"):
        return np.nan_to_num(data.sum(axis=1)).tolist()
    def length(data) -> int:
        return len(data)
    models = {"length": length}
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_every_answer_is_one_that_the_description_names(tmp_path):
    with running(tmp_path, SCRIPT) as service:
        worker = service.workers()
        made_up = subprocess.run(
            [
                environment("schemathesis") / "schemathesis",
                "run",
                f"http://127.0.0.1:{service.port}/openapi.json",
                *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
                *("--max-examples", "10", "--seed", "1", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        print(made_up.stdout[-1500:])
        assert made_up.returncode == 0, made_up.stdout[-6000:] + made_up.stderr
        assert service.workers() == worker
