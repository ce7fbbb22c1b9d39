"""Recognise files of passwords and keys by name; they do not ship, whatever ignore files say.

Names are compared regardless of case. The list has names into which tools write secrets; names with other uses, too
(``*.asc`` is also a raster), are judged by their content (`secret_text.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import translate
from functools import lru_cache

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", ".jj"})
"""Their history has secrets that were removed since."""

FOLDERS = frozenset(
    {
        *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".oci", ".aliyun", ".bluemix", ".ibmcloud"),
        *(".gcloud", ".kaggle", ".huggingface", ".snowsql", ".snowflake", ".dbt", ".databricks", ".password-store"),
        *(".terraform.d", ".ipython", ".gem", ".vault", ".env"),
    }
)

_PLAIN_FOLDERS = frozenset({"credentials", "kubeconfig"})
"""Names of secret files that packages and folders of templates have, too; they are judged by their content."""

_PATHS = re.compile(
    r"(?:^|/)(?:\.config/(?:gcloud|gh|rclone)|\.cargo/credentials(?:\.toml)?|huggingface/(?:stored_)?tokens?)(?:/|$)"
)

NAMES = (
    *(".env", ".env.*", "*.env", ".envrc"),
    *(".netrc", "_netrc", ".pypirc", ".npmrc", ".git-credentials", ".dockercfg", "pip.conf", "pip.ini"),
    *(".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".s3cfg", ".boto", ".databrickscfg", "kaggle.json"),
    *("credentials", "credentials.json", "credentials.db", "access_tokens.db", "application_default_credentials.json"),
    *("service-account*.json", "service_account*.json", "serviceaccount*.json", "client_secret*.json"),
    *("token.json", "tokens.json", "token.pickle", "accesstokens.json", "msal_token_cache.*", "local.settings.json"),
    *("secrets.toml", "secrets.json", "secrets.yaml", "secrets.yml", "secrets.ini", "secrets.txt", ".secrets"),
    *("password.txt", "passwords.txt", ".vault-token", ".vault_pass*", ".htpasswd", ".htdigest", ".snowsql*"),
    *("kubeconfig", "*.kubeconfig", "*.tfstate", "*.tfstate.*", "*.tfvars", ".terraformrc", "terraform.rc"),
    *("rclone.conf", ".rclone.conf", "filezilla.xml", "sitemanager.xml", ".ftpconfig", "krb5cc_*", "*.keytab"),
    *(".*_history", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_*_sk", "id_rsa.*", "id_ed25519.*"),
    *("*.pem", "*.key", "*.p8", "*.p12", "*.pkcs12", "*.pfx", "*.ppk", "*.keystore", "*.jks", "*.jceks", "*.bks"),
    *("*.kdb", "*.kdbx", "*.agekey", "*.ovpn", "secring.gpg"),
    *("key.asc", "*[-_]key.asc", "*secret*.asc", "*private*.asc"),
)

_HARMLESS = (
    *(".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env", "template.env"),
    *("*.pub", "cacert.pem", "ca-bundle.pem", "ca-certificates.pem"),
)
"""Examples with nothing in them, public halves of keys, and the bundles of public certificates."""


def is_version_control(path: str) -> bool:
    """Whether a relative path is a folder of version control, or lies in one."""
    return not VERSION_CONTROL.isdisjoint(path.casefold().rstrip("/").split("/"))


def is_secret(path: str, allowed: Collection[str] = ()) -> bool:
    """Whether the entry at a relative path is named as secrets are, or lies in a folder that is.

    Args:
        path: With ``/``; a folder's ends in one.
        allowed: Paths, or names alone, of files that may ship.

    """
    bare = path.rstrip("/")
    if not path.endswith("/") and (bare in allowed or bare.rpartition("/")[2] in allowed):
        return False
    folded = bare.casefold()
    return _in_folder(folded) or (not path.endswith("/") and _is_named(folded.rpartition("/")[2]))


def holds_allowed(path: str, allowed: Collection[str]) -> bool:
    """Whether a file that may ship lies in the folder of that path, so that it has to be gone through."""
    return any("/" in one and one.startswith(path) for one in allowed)


@lru_cache(maxsize=4096)
def _in_folder(path: str) -> bool:
    above, _, name = path.rpartition("/")
    named = name in FOLDERS or (_is_named(name) and name not in _PLAIN_FOLDERS)
    return named or bool(_PATHS.search(path)) or (bool(above) and _in_folder(above))


def _one(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


_SECRET, _NO_SECRET = _one(NAMES), _one(_HARMLESS)


@lru_cache(maxsize=4096)
def _is_named(name: str) -> bool:
    return bool(_SECRET.match(name)) and not _NO_SECRET.match(name)
