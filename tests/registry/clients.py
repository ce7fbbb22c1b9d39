"""Clients of a registry, with pauses that suit a test."""

from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.retry import Policy
from tests.services.registry import Account

QUICK = Policy(tries=3, first=0.01)


def login(account: Account) -> Registry:
    credentials = RegistryCredentials(account.username, Secret(account.password))
    return Registry(account.address, credentials=credentials, policy=QUICK)


# Five tries at 20 % faults fail once in 3000 requests, too often for a test that must not: the pauses are what
# takes time, and these are short.
PATIENT = Policy(tries=14, first=0.002, seconds=300)
