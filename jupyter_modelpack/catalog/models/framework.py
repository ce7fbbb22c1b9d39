"""The words Azure ML has for what made a model.

azure-differences.md 3.3. `Model.Framework` is this class.
"""

from __future__ import annotations

from typing import Final


class Framework:
    """Values for ``model_framework``; any other string is refused by `Model.register`."""

    CUSTOM: Final = "Custom"
    TENSORFLOW: Final = "TensorFlow"
    SCIKITLEARN: Final = "ScikitLearn"
    ONNX: Final = "Onnx"
    TFKERAS: Final = "TfKeras"
    PYTORCH: Final = "PyTorch"
    MULTI: Final = "Multi"
