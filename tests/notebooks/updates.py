"""nbval that knows `update_display_data`: an output counts as a reader sees it last.

Run in place of pytest, with its arguments.
"""

import sys

import pytest
from nbformat import NotebookNode, from_dict
from nbval.kernel import RunningKernel

_get = RunningKernel.get_message
_shown: dict[str, NotebookNode] = {}


def get_message(kernel: RunningKernel, stream: str, timeout: float | None = None) -> dict:
    """Return the next message; an update changes the output that was handed out before it."""
    message = _get(kernel, stream, timeout)
    content = message["content"]
    name = content.get("transient", {}).get("display_id")
    if message["msg_type"] == "display_data" and name:
        content["data"] = _shown[name] = from_dict(content["data"])
    elif message["msg_type"] == "update_display_data" and name in _shown:
        _shown[name].clear()
        _shown[name].update(content["data"])
    return message


if __name__ == "__main__":
    RunningKernel.get_message = get_message
    sys.exit(pytest.main(sys.argv[1:]))
