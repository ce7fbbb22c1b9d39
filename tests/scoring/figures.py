"""The figures under /metrics, by name."""

import re


def figures(service):
    answer = service.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {name: float(value) for name, value in re.findall(r"^(\w[^ ]*) (\S+)$", answer.text, re.MULTILINE)}
