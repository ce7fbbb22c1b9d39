"""What people read of a log holds no line that is meant for programs."""

from jupyter_modelpack.commands.logs import logs
from jupyter_modelpack.engine.diagnose import diagnose
from jupyter_modelpack.engine.exit_reason import is_line
from jupyter_modelpack.frontends.lab.service import Following
from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel
from tests.scoring.service import eventually

PEOPLE = ["The service did not start: none", "on stderr", "starting"]


def test_the_line_for_programs_is_kept_for_diagnosis_and_shown_nowhere(rig):
    service = rig.ended(RAISE="pandas")
    assert any(map(is_line, rig.engine.logs(service)))
    assert "the module pandas is not in the environment" in diagnose(rig.engine, service).message
    where = {"service": service.name, "engine": rig.engine.name}
    assert sorted(logs(rig.report, **where).lines) == PEOPLE
    assert sorted(logs(rig.report, follow=True, **where).handle) == PEOPLE
    told = []
    side = Following(
        service.name, Target(engine=rig.engine.name), lambda _kind, said: told.extend(said.get("lines", ()))
    )
    panel = ServicePanel(service)
    panel._logs({"open": True})
    eventually(lambda: sorted(told) == sorted(panel.backlog.get("lines", ())) == PEOPLE)
    side.close()
    panel.close()
