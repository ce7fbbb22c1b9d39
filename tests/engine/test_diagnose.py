"""From the end of a service that died without a word to its cause."""

import time

import pytest

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.diagnose import ServiceDied, explain


def died(code, reason="", state="exited"):
    return Service("docker", "svc", "1", "x:1", 6789, state, exit_code=code, reason=reason)


@pytest.mark.parametrize(
    ("code", "log", "cause", "remedy"),
    [
        (3, "", "init() failed.", "Correct"),
        (1, "exec /usr/bin/python3: exec format error", "another processor", "platform"),
        (1, "terminate called: std::bad_alloc", "ran out of memory", "fewer workers"),
        (137, "", "most often because memory ran out", "more memory"),
        (139, "", "crashed in native code", "built for different libraries"),
        (127, "", "start command is not in the image", "Check the image"),
        (143, "", "told to end", "Run it again"),
        (9, "one\ntwo", "", "See the whole log: logs svc"),
        (9, "x.y.OddError: what", "x.y.OddError: what.", "logs svc"),
        (9, "KeyError: 'cause'\n\nDuring handling ...\nOddError: effect", "OddError: effect.", "logs svc"),
        # What a script says of itself is no sign.
        (9, "OSError: [Errno 98] Address already in use", "OSError: [Errno 98] Address already in use.", "logs svc"),
        (137, "FileNotFoundError: 'a'\nfine\nsaid '/azureml-models'", "most often because memory ran out", "memory"),
    ],
)
def test_the_cause_is_told_with_a_remedy(code, log, cause, remedy):
    told, hint = explain(died(code), log.splitlines())
    assert cause in told
    assert bool(cause) == bool(told)
    assert remedy in hint


def test_what_the_engine_knows_comes_first():
    assert "its port was taken" in explain(died(1, "listen tcp: address already in use"), [])[0]
    assert explain(died(137, "killed"), ["std::bad_alloc"])[0] == "it was ended with kill."
    assert "more memory than it may" in explain(died(137, "out of memory"), ["KeyError: 1"])[0]
    assert explain(died(None, state="gone"), [])[0] == "it was removed."


@pytest.mark.parametrize(
    "said",
    ['{"types": [], "cause": 5}', '{"types": [{}], "cause": "x"}', '{"types": ["OSError"], "errno": [], "cause": ""}'],
)
def test_what_a_script_prints_in_the_form_of_an_ending_is_a_line_like_others(said):
    assert explain(died(3), [f"modelpack-ending {said}"])[0] == "the entry script or its init() failed."


def test_the_error_shows_the_last_lines_and_no_secrets():
    error = ServiceDied(died(1), "it broke.", "Mend it.", [str(number) for number in range(50)])
    assert str(error).startswith("svc ended with exit code 1: it broke.\n  | 30\n")
    assert str(error).endswith("  | 49\nMend it.")
    assert (error.service_exit_code, error.code, error.step) == (1, "service-died", "start")


def test_a_line_of_any_length_costs_no_more_than_a_short_one():
    lines = ["ImportError: " + "Error: '" * 1_000_000, "x" * 8_000_000]
    began = time.process_time()
    explain(died(9), lines)
    assert time.process_time() - began < 0.2
