"""What a service says of its workers reaches its user."""

import re
import textwrap
import uuid

from jupyter_modelpack.engine.ports import free_port
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.frontends.lab.service import look
from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel
from tests.frontends.command_line import modelpack
from tests.scoring.service import eventually

ONCE = """
    import socket
    def init():
        global listener
        listener = socket.create_server(("127.0.0.1", PORT))
    def run(data):
        return data
"""
TROUBLE = r"worker [12] of 2 cannot start, tried \d times: init\(\) raised OSError \(score.py, line 5\)"


def test_a_worker_that_cannot_start_is_told_wherever_its_service_is_shown(tmp_path, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (tmp_path / "score.py").write_text(textwrap.dedent(ONCE).replace("PORT", str(free_port())))
    name = f"once-{uuid.uuid4().hex[:8]}"
    asked = ("run", "--port", "0", "--env-var", "WORKER_COUNT=2", "--env-var", "WORKER_PRELOAD=false")
    assert modelpack("package", "score.py", "--name", name, cwd=tmp_path).returncode == 0
    begun = modelpack(*asked, "--name", name)
    try:
        assert begun.returncode == 0, begun.stderr
        eventually(lambda: re.search(f"^{name}: {TROUBLE}$", modelpack("services").stdout, re.MULTILINE))
        again = modelpack(*asked, "--name", name)
        assert re.search(f"^{name} is running already(.|\n)*^{TROUBLE}$", again.stdout, re.MULTILINE)
        assert re.fullmatch(TROUBLE, look(name, Target("process"))["trouble"])
        panel = ServicePanel(choose("process").find(name))
        assert re.fullmatch(TROUBLE, panel.facts["trouble"])
        assert re.fullmatch(TROUBLE, panel.view()[-1].text)
        assert modelpack("score", '"x"', "--service", name).returncode == 0
    finally:
        modelpack("kill", name)
