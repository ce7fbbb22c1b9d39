"""What `docker login` writes down."""

import base64

from tests.services.registry import Account


def pair(account: Account) -> str:
    return base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
