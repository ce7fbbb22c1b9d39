"""Entry scripts as editors save them: every check reads what the service will run."""

import codecs
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load

import pytest

from jupyter_modelpack.errors import UsageError

PICKLED = b"\x80\x04\x8c\x08__main__\x94\x8c\x06Scaler\x94\x93\x94)\x81."
SCRIPT = """
import os, pickle
class Scaler:
    def predict(self): return "é"
def init():
    global model
    model = pickle.load(open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "scaler.pkl"), "rb"))
def run(data): return model.predict() if data else weihgts
"""
CODING = "# -*- coding: latin-1 -*-"
SAVED = {
    "with a byte order mark": codecs.BOM_UTF8 + SCRIPT.encode(),
    "by its coding line": (CODING + SCRIPT).encode("latin-1"),
    "with the line ends of Windows": SCRIPT.replace("\n", "\r\n").encode(),
}


def run(shell, text: str):
    done = shell.run_cell(text, store_history=True)
    if done.error_in_exec:
        raise done.error_in_exec
    return done.result.result


@pytest.mark.parametrize("how", SAVED)
def test_a_script_in_any_encoding_is_checked_and_served(shell, tmp_path, how: str) -> None:
    (tmp_path / "scaler.pkl").write_bytes(PICKLED)
    (tmp_path / "score.py").write_bytes(SAVED[how])
    tried = run(shell, "%modelpack package score.py --model scaler.pkl --dry-run --sample 1")
    assert tried.value == "é"
    assert [remark.partition(" is ")[0].partition(": ")[2] for remark in tried.remarks] == ["weihgts"]


def test_a_mark_or_a_coding_line_in_a_cell_is_nothing(shell, tmp_path) -> None:
    (tmp_path / "scaler.pkl").write_bytes(PICKLED)
    shell.run_cell("offset = 2", store_history=True)
    for cell in (f"\ufeff{SCRIPT}", CODING + SCRIPT):
        tried = run(shell, f"%%package --model scaler.pkl --dry-run --sample 1\n{cell}")
        assert (tried.value, len(tried.remarks)) == ("é", 1)
    assert run(shell, "%%package --dry-run --sample 1\n\ufeffdef init(): ...\ndef run(data): return offset").value == 2


def test_a_sample_with_a_mark_is_json(shell, tmp_path) -> None:
    (tmp_path / "rows.json").write_bytes(codecs.BOM_UTF8 + b"[7]")
    body = "def init(): ...\ndef run(data): return data"
    assert run(shell, f"%%package --dry-run --sample rows.json\n{body}").value == "[7]"


REFUSED = {
    "score.py is in UTF-16, which Python does not read. .*\nSave it as UTF-8": SCRIPT.encode("utf-16"),
    "decode byte 0xe9.*.score.py, line 4..*\nSave it as UTF-8, or name its encoding in the first line": SCRIPT.encode(
        "latin-1"
    ),
    "unknown encoding: nosuch": b"# coding: nosuch\n" + SCRIPT.encode(),
    "score.py: source code string cannot contain null bytes": SCRIPT.encode() + b"\0",
    "score.py: maximum recursion depth exceeded.*\nSplit": (SCRIPT + f"x = {'+'.join(['1'] * 5000)}\n").encode(),
    "too many nested parentheses .score.py, line 9": (SCRIPT + "x = " + "[" * 250).encode(),
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_script_that_cannot_be_read_is_refused_in_a_sentence(shell, tmp_path, said: str) -> None:
    (tmp_path / "score.py").write_bytes(REFUSED[said])
    with pytest.raises(UsageError, match=f"(?s){said}"):
        run(shell, "%modelpack package score.py --dry-run")


def test_a_cell_that_its_own_coding_line_cannot_write_is_refused(shell) -> None:
    with pytest.raises(UsageError, match=r"score\.py cannot be written as its coding line says: 'latin-1'"):
        run(shell, f"%%package --dry-run\n{CODING}\nname = '\u0142'\n{SCRIPT}")


def test_a_chain_of_two_thousand_branches_is_a_script(shell) -> None:
    chain = "if len('a') == 2: x = 1\n" + "".join(f"elif len('a') == {at}: x = {at}\n" for at in range(3, 2000))
    body = f"{chain}else: x = 1\ndef init(): ...\ndef run(data): return x"
    assert run(shell, f"%%package --dry-run --sample 1\n{body}").value == 1


def test_a_pickle_beside_a_script_with_a_mark_is_still_checked(shell, tmp_path) -> None:
    (tmp_path / "scaler.pkl").write_bytes(pickle.dumps(1))
    (tmp_path / "gone.pkl").write_bytes(PICKLED.replace(b"Scaler", b"Gone42"))
    (tmp_path / "score.py").write_bytes(SAVED["with a byte order mark"])
    with pytest.raises(UsageError, match="gone:1 was pickled with Gone42 of __main__"):
        run(shell, "%modelpack package score.py --model gone.pkl --dry-run")
