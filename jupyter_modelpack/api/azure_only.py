"""What only the Azure cloud has.

Old notebooks pass subscriptions, keys and clusters. A parameter we know to be Azure's is taken and
noted in the log; one that nobody knows is a mistake, as it would be there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NoReturn

from jupyter_modelpack.errors import UsageError

_log = logging.getLogger(__name__)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORKSPACE_PARTS = _words("""
    compute_targets datastores datasets experiments webservices linked_services private_endpoints
    get_default_datastore get_default_keyvault get_default_compute_target list_keys sync_keys update
    update_dependencies get_mlflow_tracking_uri get_run list_connections service_context
""")

MODEL_PARTS = _words("""
    get_sas_urls add_dataset_references package_and_deploy print_configuration
""")

PARAMETERS = _words("""
    auth subscription_id resource_group location create_resource_group sku friendly_name storage_account
    key_vault app_insights container_registry adb_workspace primary_user_assigned_identity cmk_keyvault
    resource_cmk_uri hbi_workspace default_cpu_compute_target default_gpu_compute_target
    private_endpoint_config private_endpoint_auto_approval user_assigned_identity_for_cmk_encryption
    system_datastores_auth_mode v1_legacy_mode id cloud no_wait delete_dependent_resources show_output
    _location _disable_service_check _workspace_id _cloud _logger _file_name
""")


def cloud(called: str, hint: str) -> Callable[..., NoReturn]:
    """Return what stands for a function of the Azure cloud: called, it says so."""

    def refuse(*_given: object, **_named: object) -> NoReturn:
        raise UsageError(f"{called} is a service of the Azure cloud.", hint=hint)

    refuse.__name__, refuse.__doc__ = called.rpartition(".")[2], f"{called} is a service of the Azure cloud. {hint}"
    return refuse


def accept(called: str, given: Mapping[str, object], **named: object) -> None:
    """Take parameters of Azure's that have no meaning here; raise `TypeError` for any other in `given`."""
    for name in given:
        if name not in PARAMETERS:
            raise TypeError(f"{called}() got an unexpected keyword argument {name!r}")
    ignored = sorted(name for name, value in {**given, **named}.items() if value and name != "show_output")
    if ignored:
        _log.info("%s: %s means nothing outside the Azure cloud and is ignored.", called, ", ".join(ignored))
