import importlib.metadata
import pathlib

import nvidia.cublas.lib
import nvidia.cuda_runtime
import torch
import triton


def init():
    global root
    root = pathlib.Path(nvidia.__file__).parent.parent


def run(data):
    names = sorted(one.metadata["Name"] for one in importlib.metadata.distributions())
    ours = [name for name in names if name in ("torch", "triton") or name.startswith("nvidia-")]
    return {
        "torch": torch.__version__,
        "versions": {name: importlib.metadata.version(name) for name in ours},
        "libraries": {str(path.relative_to(root)): path.read_text() for path in root.glob("nvidia/*/lib/*.so*")},
    }
