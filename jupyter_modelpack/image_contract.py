"""The labels, port, paths, user and environment variables of our images, each written once.

The builder, the engines, the catalog and the commands agree on these names. The scoring server imports nothing of
this package, so it has its own copy of those that it reads; a test compares the two.
"""

from __future__ import annotations

LABEL = "io.github.jupyter-modelpack"
"""Prefix of all our labels and annotations; an image or container that has one of them is ours."""

# --- labels of an image ---

NAME_LABEL = f"{LABEL}.name"
"""The package's name, as `image_name` said it."""

MODELS_LABEL = f"{LABEL}.models"
"""The registered models in the image: ``name:version``, separated by commas."""

PYTHON_LABEL = f"{LABEL}.python"
"""Python's version in the image: ``3.11``."""

LOCK_LABEL = f"{LABEL}.lock"
"""Digest of the pylock.toml that the environment was made from."""

VERSION_LABEL = f"{LABEL}.version"
"""Version of jupyter_modelpack that has packaged the image."""

USES_BASE_LABEL = f"{LABEL}.uses-base"
"""Marks images whose environment is partly in their base image."""

SAMPLE_LABEL = f"{LABEL}.sample"
"""The JSON that `score` sends to an image's service when no data is given; a service has it, too."""

LAYER_KIND = f"{LABEL}.layer"
"""Annotation of our layers in a manifest: skeleton, bytecode, library, dependencies, model, server or app."""

# --- beside an image ---

PROOF_TYPE = "application/vnd.jupyter-modelpack.proof.v1+json"
"""Type of the artifact that holds a package's sample, the notebook's answer, and what came of comparing it."""

# --- labels of a service ---

SERVICE_LABEL = f"{LABEL}.service"
"""Name of a service, for people who look at its container; which ones are ours, `engine.docker.claims` keeps."""

CLAIM_LABEL = f"{LABEL}.claim"
"""Number of the file under ``containers/`` that makes a container ours."""

RELOAD_LABEL = f"{LABEL}.reload"
"""Marks services that take a newer script without a restart."""

WORKSPACE_LABEL = f"{LABEL}.workspace"
"""Folder of the workspace that a service was started from."""

DIGEST_LABEL = f"{LABEL}.digest"
"""Digest of the package that a service runs."""

PUBLIC_LABEL = f"{LABEL}.public"
"""Marks services that other computers can reach."""

SETTINGS_LABEL = f"{LABEL}.settings"
"""Fingerprint of the environment variables and limits that a service was given."""

# --- network ---

IMAGE_PORT = 5001
"""Port on which the scoring server listens in a container."""

# --- user ---

USER_ID = 65532
"""User and group id in a container; those of distroless images."""

USER_NAME = "modelpack"
"""Name of that user; base images of others have no entry for it in /etc/passwd."""

USER = f"{USER_ID}:{USER_ID}"
"""`User` of the image config: numeric, so that Kubernetes can see that it is not root."""

# --- paths in an image ---

APP_FOLDER = "azureml-app"
"""Name of the folder with the entry script and the models, also in a Dockerfile package."""

APP_ROOT = f"/var/{APP_FOLDER}"
"""Working directory of the service: where entry scripts written for Azure ML expect to be."""

MODELS_FOLDER = "azureml-models"
"""Name of the folder with the models, in `APP_ROOT`; below it ``<name>/<version>/``."""

MODELS_DIR = f"{APP_ROOT}/{MODELS_FOLDER}"

OUR_ROOT = "/opt/modelpack"
"""Folder of what is neither the user's nor the base image's."""

ENV_DIR = f"{OUR_ROOT}/env"
"""The Python environment."""

LOCK_FILE = "pylock.toml"
"""Name of the lock in images, archives and Dockerfile packages."""

LOCK_PATH = f"{OUR_ROOT}/{LOCK_FILE}"

CARRIED = "notebook_cells.py"
"""Module in `APP_ROOT` with the names that an entry script uses of other cells of its notebook."""

SERVER = "modelpack_scoring"
"""Name of the scoring server's package in ``site-packages``; ``python -m`` starts it.

`scoring` would stand in the way of the user's own.
"""

# --- environment variables that the scoring server reads ---

APP_ROOT_VARIABLE = "AML_APP_ROOT"
MODEL_DIR_VARIABLE = "AZUREML_MODEL_DIR"
SOURCE_DIRECTORY_VARIABLE = "AZUREML_SOURCE_DIRECTORY"
ENTRY_SCRIPT_VARIABLE = "AZUREML_ENTRY_SCRIPT"
HOST_VARIABLE = "MODELPACK_HOST"
PORT_VARIABLE = "MODELPACK_PORT"
CARRIED_VARIABLE = "MODELPACK_CARRIED"
APP_VARIABLES = (
    APP_ROOT_VARIABLE,
    MODEL_DIR_VARIABLE,
    SOURCE_DIRECTORY_VARIABLE,
    ENTRY_SCRIPT_VARIABLE,
    CARRIED_VARIABLE,
)
"""What an image says of its own files to the entry script."""

SAMPLE_VARIABLE = "MODELPACK_SAMPLE"
KEYS_VARIABLE = "MODELPACK_KEYS"
TLS_VARIABLE = "MODELPACK_TLS_CERT"
ALLOWED_HOSTS_VARIABLE = "MODELPACK_ALLOWED_HOSTS"
RELOAD_VARIABLE = "MODELPACK_RELOAD"
RELOAD_DIR_VARIABLE = "MODELPACK_RELOAD_DIR"

# --- what the scoring server says of its own end ---

STARTUP_FAILED = 3
"""Exit code of a server whose entry script or init() has failed."""

ENDING_MARK = "modelpack-ending "
"""Begins the line of the log with the reason for an end; the rest of it is a JSON object."""
