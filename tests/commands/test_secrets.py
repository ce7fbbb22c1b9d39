"""Secrets beside the script: left out by their names, refused by what stands in them, as a shell types it."""

import base64
import json
import random
import string
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.analysis.secret_check import check
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.context.secret_text import RULES, find_secret
from jupyter_modelpack.builder.context.source_files import survey
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.limits import SECRET_BINARY_BYTES, SECRET_TEXT_BYTES

SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"

_BY_NAME = """
.env prod.env .ENV .env.local .Envrc sub/.env venvs/.env/pyvenv.cfg .netrc _netrc .pypirc .npmrc .git-credentials
SERVER.PEM X.KEY a.p12 a.PFX a.ppk a.jks a.p8 .ssh/config .AWS/credentials .azure/accessTokens.json .kube/config
.docker/config.json .dockercfg .kaggle/kaggle.json kaggle.json .huggingface/token .cache/huggingface/token
.config/gcloud/credentials.db .config/gcloud/application_default_credentials.json
application_default_credentials.json .config/gh/hosts.yml .databrickscfg .streamlit/secrets.toml secrets.yaml
credentials.json Credentials service-account.json service_account_prod.json client_secret_12.json token.json
token.pickle local.settings.json pip.conf .pgpass .my.cnf .s3cfg .boto kubeconfig prod.kubeconfig terraform.tfstate
terraform.tfstate.backup prod.tfvars .bash_history .python_history .psql_history .htpasswd id_rsa id_ed25519
id_ed25519_sk id_ecdsa_sk id_rsa.bak backup.kdbx key.asc my-private.asc web.keytab rclone.conf home.ovpn
.vault-token .git/config
"""

_HARMLESS = """
.env.example example.env .env.template id_rsa.pub score.py tokenizer.json token.py secrets.py
credentials/__init__.py dem.asc monkey.txt environment.yml keys.py settings.json keyboard.json cacert.pem
history.csv tokens.csv kube.py huggingface/tokenizer.json huggingface/tokenization.py huggingface/tokenizers/a.json
.config/ghost.toml .cargo/credentials_of_the_crew.md
"""
BY_NAME, HARMLESS = _BY_NAME.split(), _HARMLESS.split()


def made(*parts: str) -> str:
    """Join what must not stand together in a source file of ours."""
    return "".join(parts)


def letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.Random(7).choices(alphabet, k=count))


KEY = base64.b64encode(bytes(range(48))).decode()
TOKENS = {
    "AWS access key": made("AK", "IA", letters(16, "ABCDEFGHIJKLMNOP234567")),
    "GitHub token": made("gh", "p_", letters(36)),
    "GitLab token": made("glp", "at-", letters(20)),
    "Slack token": made("xo", "xb-", "123456789012-", letters(24)),
    "Slack webhook": made("https://hooks.slack", ".com/services/T", "0ABCDEFGH", "/B", "0ABCDEFGH", "/", letters(24)),
    "Google API key": made("AI", "za", letters(35)),
    "Google OAuth secret": made("GOC", "SPX-", letters(28)),
    "Hugging Face token": made("h", "f_", letters(34, string.ascii_letters)),
    "OpenAI key": made("sk", "-proj-", letters(40), "T3Blbk", "FJ", letters(40)),
    "Anthropic key": made("sk", "-ant-", "api03-", letters(93)),
    "Stripe key": made("sk", "_live_", letters(24)),
    "SendGrid key": made("S", "G.", letters(22), ".", letters(43)),
    "npm token": made("np", "m_", letters(36)),
    "PyPI token": made("pypi-", "AgEIcHlwaS5vcmcC", letters(60)),
    "Databricks token": made("da", "pi", letters(32, "0123456789abcdef")),
    "DigitalOcean token": made("dop", "_v1_", letters(64, "0123456789abcdef")),
    "Vault token": made("hv", "s.", letters(95)),
    "Azure storage key": made("Account", "Key=", letters(86), "=="),
    "private key": made("-----BEGIN RSA PRIV", f"ATE KEY-----\n{KEY}\n"),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "score.py").write_text(SCRIPT)
    (folder / "score.py").write_text(SCRIPT)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    return folder


def fill(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_by_name_they_are_left_out(here):
    fill(here / "src", *BY_NAME, *HARMLESS)
    fill(here / "src", ".amlignore", text="".join(f"!{name}\n" for name in BY_NAME))
    found = survey(here / "src")
    assert {path for path, _ in found.files} == {*HARMLESS, ".amlignore"}
    told = {name.casefold() for name in found.left_out}
    assert [name for name in BY_NAME if not any(name.casefold().startswith(one) for one in told)] == [".git/config"]


def test_what_is_left_out_is_said_and_how_much_ships(here, typed):
    fill(here / "src", ".ENV", "sub/prod.key", ".aws/credentials", "data.csv", "a.log")
    fill(here / "src", ".gitignore", text="*.log\n")
    code, plan, said = typed("plan", "score.py", "--source-directory", "src")
    assert code == 0, said
    assert f"3 files of {here}/src ship (0.0 MB)." in plan["remarks"]
    assert any(".ENV, .aws/, sub/prod.key" in remark for remark in plan["remarks"])
    code, _, said = typed("package", "score.py", "--source-directory", "src")
    assert code == 0
    assert f"3 files of {here}/src ship (0.0 MB)" in said
    assert "Left out, being named as secrets are: .ENV, .aws/, sub/prod.key. One that may be public" in said
    code, _, said = typed(
        *("package", "score.py", "--source-directory", "src"),
        *("--allow-secret", "prod.key", "--allow-secret", ".aws/credentials"),
    )
    assert code == 0
    assert f"5 files of {here}/src ship" in said
    assert "secrets are: .ENV. One" in said


@pytest.mark.parametrize("rule", TOKENS)
def test_by_content_they_stop_the_build(rule, here, typed):
    token = TOKENS[rule]
    (here / "src" / "pkg").mkdir()
    (here / "src" / "pkg" / "config.py").write_text(f"import os\n\nVALUE = '{token}'\n")
    code, _, said = typed("package", "score.py", "--source-directory", "src")
    assert code == 2
    assert said.startswith(f"modelpack: pkg/config.py, line 3: holds what looks like a secret ({rule})")
    assert "--allow-secret pkg/config.py" in said
    assert token.strip()[-20:] not in said
    (here / "src" / "pkg" / "config.py").rename(here / "src" / "my config.py")
    _, _, said = typed("package", "score.py", "--source-directory", "src")
    assert "--allow-secret 'my config.py'; in Python, inference_config.allow_secrets = ['my config.py']." in said
    (here / "src" / "my config.py").rename(here / "src" / "pkg" / "config.py")
    for allowed in ("pkg/config.py", "config.py"):
        check(AppSource("score.py", here / "src", allowed=(allowed,)))
    with pytest.raises(UsageError):
        check(AppSource("score.py", here / "src", allowed=("other/config.py", "pkg")))


def test_every_rule_has_an_example():
    assert {rule.name for rule in RULES} == set(TOKENS)


def test_script_sample_and_cell(here, typed):
    token = TOKENS["Hugging Face token"]
    (here / "score.py").write_text(f"{SCRIPT}TOKEN = '{token}'\n")
    code, _, said = typed("package", "score.py")
    assert (code, token in said) == (2, False)
    assert "score.py, line 4: holds what looks like a secret (Hugging Face token)" in said
    assert typed("package", "score.py", "--allow-secret", "score.py")[0] == 0
    (here / "score.py").write_text(SCRIPT)
    code, _, said = typed("package", "score.py", "--sample", json.dumps({"key": token}))
    assert (code, token in said) == (2, False)
    assert "sample, line 1: holds" in said
    assert typed("package", "score.py", "--sample", json.dumps({"key": token}), "--allow-secret", "sample")[0] == 0


def test_the_value_of_a_variable(here, typed):
    """It would stand in the image's config."""
    token = TOKENS["Hugging Face token"]
    words = ("plan", "score.py", "-e", "LEVEL=1", "-e", f"KEY_OF_MINE={token}")
    code, _, said = typed(*words)
    assert (code, token in said) == (2, False)
    assert said.startswith(
        "modelpack: The environment variable KEY_OF_MINE holds what looks like a secret (Hugging Face token), and would"
    )
    assert "run --env-var KEY_OF_MINE=..." in said
    assert "--allow-secret KEY_OF_MINE" in said
    assert typed(*words, "--allow-secret", "OTHER")[0] == 2
    assert typed(*words, "--allow-secret", "KEY_OF_MINE")[0] == 0
    _, _, said = typed("plan", "score.py", "-e", f"MY$KEY={token}")
    assert "run --env-var 'MY$KEY'=... If it may be public: --allow-secret 'MY$KEY'; in Python" in said


@pytest.mark.parametrize("rule", TOKENS)
def test_the_value_of_a_variable_by_any_rule(rule):
    with pytest.raises(UsageError, match=rf"variable X holds what looks like a secret \({rule}\)"):
        check(AppSource("score.py"), variables={"LEVEL": "1", "X": TOKENS[rule]})
    check(AppSource("score.py", allowed=("X",)), variables={"LEVEL": "1", "X": TOKENS[rule]})


def test_variables_of_a_conda_file_and_of_the_api(here, typed):
    token = TOKENS["GitHub token"]
    (here / "env.yml").write_text(f"dependencies: [python=3.11]\nvariables: {{TOKEN: {token}}}\n")
    code, _, said = typed("package", "score.py", "--conda", "env.yml")
    assert (code, token in said) == (2, False)
    assert "variable TOKEN holds" in said
    assert typed("package", "score.py", "--conda", "env.yml", "--allow-secret", "TOKEN")[0] == 0
    environment = Environment("mine")
    environment.environment_variables = {"TOKEN": token}
    config = InferenceConfig("score.py", environment=environment)
    with pytest.raises(UsageError, match="TOKEN holds what looks like") as caught:
        Model.package(Workspace.default(), [], config)
    assert "inference_config.allow_secrets = ['TOKEN']" in caught.value.hint
    config.allow_secrets = ["TOKEN"]
    assert Model.package(Workspace.default(), [], config).wait_for_creation() is None


def test_by_the_api_a_cell_and_what_it_carries_along():
    token = TOKENS["GitHub token"]
    config = InferenceConfig.from_source(f"TOKEN = '{token}'\n{SCRIPT}")
    with pytest.raises(UsageError, match=r"score\.py, line 1: .*GitHub token") as caught:
        Model.package(Workspace.default(), [], config)
    assert "inference_config.allow_secrets = ['score.py']" in caught.value.hint
    config.allow_secrets = ["score.py"]
    assert Model.package(Workspace.default(), [], config).wait_for_creation() is None
    config = InferenceConfig.from_source(SCRIPT)
    config.carried = {"notebook_cells.py": f"TOKEN = '{token}'\n".encode()}
    with pytest.raises(UsageError, match=r"notebook_cells\.py, line 1"):
        Model.package(Workspace.default(), [], config)


@pytest.mark.parametrize(
    "text",
    [
        made("if '-----BEGIN PRIV", "ATE KEY-----' in text:\n    raise ValueError('a key')\n"),
        made("-----BEGIN PUBLIC", f" KEY-----\n{KEY}\n"),
        made("-----BEGIN CERTIF", f"ICATE-----\n{KEY}\n"),
        made("AK", "IAIOSFODNN7", "EXAMPLE"),
        "hf_hub_download('x')\nxoxo = 'gh' + 'p_'\nnpm_config_registry_of_a_very_long_name_indeed = 1\n",
        "sk-learn-is-not-a-key-though-it-begins-as-one-and-goes-on-and-on-and-on-for-long\n",
        "dapi_endpoint = 1; SG.x; hvs.y; AIza; glpat-; AccountKey=<your key>",
        made("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
    ],
)
def test_what_only_begins_like_a_secret_ships(text, here):
    (here / "src" / "x.py").write_text(text)
    check(AppSource("score.py", here / "src"))


def test_random_data_is_no_secret():
    dice = random.Random(3)
    for data in (
        dice.randbytes(6 << 20),
        base64.b64encode(dice.randbytes(6 << 20)),
        dice.randbytes(3 << 20).hex().encode(),
    ):
        assert find_secret(reader(data)) is None


@pytest.mark.parametrize("at", [0, (1 << 20) - 20, (1 << 20) + 5, SECRET_TEXT_BYTES - 100])
def test_where_in_a_file_it_stands_does_not_matter(at):
    token = TOKENS["AWS access key"].encode()
    data = (b"x" * 99 + b"\n") * (at // 100) + b" " * (at % 100) + token + b"\n" + b"y" * 1000
    found = find_secret(reader(data))
    assert found is not None
    assert (found.line, found.rule) == (at // 100 + 1, "AWS access key")


def test_a_file_that_a_windows_shell_wrote():
    assert find_secret(reader(("\ufeffa\r\n" + TOKENS["GitHub token"]).encode("utf-16-le"))).line == 2


def test_what_a_look_at_much_data_costs():
    """Four times the text takes four times as long, and a file of data costs no more than its beginning."""

    def cost(data: bytes) -> float:
        started = time.process_time()
        assert find_secret(reader(data)) is None
        return time.process_time() - started

    hostile = made("-----BEGIN PRIV", "ATE KEY-----\n", "gh", "p_ sk-", "T3Blbk", "FJ S", "G. ").encode() * 4000
    one, four = (min(cost(hostile * times) for _ in range(3)) for times in (2, 8))
    assert four < 8 * one + 0.05
    taken: list[int] = []
    find_secret(reader(b"\0" * (64 << 20), taken))
    assert sum(taken) <= SECRET_BINARY_BYTES + (1 << 20)
    taken.clear()
    find_secret(reader(b"1,2,3\n" * (10 << 20), taken))
    assert sum(taken) <= SECRET_TEXT_BYTES + (1 << 20)


def reader(data: bytes, taken: list[int] | None = None) -> Callable[[int], bytes]:
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        at += len(piece)
        if taken is not None:
            taken.append(len(piece))
        return piece

    return read
