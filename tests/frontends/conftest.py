"""A notebook without a browser: a real IPython shell with our extension loaded."""

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(colors="nocolor")
    made.run_line_magic("load_ext", "jupyter_modelpack")
    yield made
    InteractiveShell.clear_instance()
