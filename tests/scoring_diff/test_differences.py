"""Both servers get the same scripts and requests: only what the table says differs (azure-differences.md 7)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scoring_diff import corpus_http, corpus_raw, corpus_results, corpus_schema, corpus_start
from tests.scoring_diff.observe import differing, observe
from tests.scoring_diff.servers import serving
from tests.scoring_diff.table import DIFFERENCES, expected, markdown
from tests.services import CHECKOUT

SCRIPTS = [
    script
    for corpus in (corpus_http, corpus_results, corpus_raw, corpus_schema, corpus_start)
    for script in corpus.CORPUS
]
ASKS = [ask for script in SCRIPTS for ask in script.asks]
FAILED_BOOT = 3

pytestmark = pytest.mark.network  # the original comes from the Python index, once


def both(script, root, what):
    """Start either server with the script, at the same time, and give what `what` finds."""

    def one(name):
        with serving(name, script, root / name) as service:
            return what(service)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, ("azml", "ours")))


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script.asks], ids=lambda script: script.name)
def test_answers_differ_only_as_the_table_says(tmp_path, script):
    def answers(service):
        service.wait_for(r"Listening (at|on)")
        return {ask.name: observe(service, ask) for ask in script.asks}

    theirs, ours = both(script, tmp_path, answers)
    found = {ask.name: differing(theirs[ask.name], ours[ask.name]) for ask in script.asks}
    unforeseen = {name: fields for name, fields in found.items() if fields.keys() != expected(name)}
    assert unforeseen == {}


@pytest.mark.parametrize("script", [script for script in SCRIPTS if not script.asks], ids=lambda script: script.name)
def test_both_refuse_to_start(tmp_path, script):
    codes = both(script, tmp_path, lambda service: service.exit_code())
    assert codes == [FAILED_BOOT, FAILED_BOOT]


def test_the_table_is_about_requests_there_are():
    names = [ask.name for ask in ASKS]
    assert len(names) == len(set(names)) >= 60
    assert {name for row in DIFFERENCES for name in row["asks"]} <= set(names)


def test_the_table_is_in_the_documentation():
    assert markdown() in (CHECKOUT / "jupyter_modelpack" / "scoring" / "SCORING.md").read_text()
