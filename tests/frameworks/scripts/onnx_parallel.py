"""A session with ORT_PARALLEL, run in init()."""

import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def graph():
    """Two branches, one for each column, whose sum is the answer."""
    weights = {"twice": [[2.0], [0.0]], "once": [[0.0], [1.0]]}
    return helper.make_graph(
        [
            helper.make_node("MatMul", ["rows", "twice"], ["left"]),
            helper.make_node("MatMul", ["rows", "once"], ["right"]),
            helper.make_node("Add", ["left", "right"], ["sum"]),
        ],
        "line",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array(value, "float32"), name) for name, value in weights.items()],
    )


def line(rows):
    return session.run(None, {"rows": np.array(rows, "float32")})[0][:, 0]


def init():
    global session
    model = helper.make_model(graph(), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.execution_mode = onnxruntime.ExecutionMode.ORT_PARALLEL
    options.inter_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    line([[1.0, 1.0]])


def run(data):
    return line(json.loads(data)).tolist()
