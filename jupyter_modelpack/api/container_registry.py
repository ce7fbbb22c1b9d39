"""ContainerRegistry: an address with a user name and a password.

azure-differences.md 5. The password is there for ``docker login``, and nowhere else: it shows in no repr,
copy, pickle or saved environment.
"""

from __future__ import annotations

from jupyter_modelpack.api.sections.strict_attributes import Section
from jupyter_modelpack.redact import MASK, Secret


class ContainerRegistry(Section):
    """Where images are pulled from (azure-differences.md 5).

    Args:
        address: ``host[:port]``; None is the registry that the image's own name begins with.
        username: The account's name; None to pull without one.
        password: The account's password.

    Attributes:
        address: ``host[:port]``, or None.
        username: The account's name, or None.
        registry_identity: Azure's; not used.
    """

    address: str | None
    username: str | None
    registry_identity: str | None

    def __init__(
        self, address: str | None = None, username: str | None = None, password: str | Secret | None = None
    ) -> None:
        self.address, self.username, self.registry_identity = address, username, None
        self.password = password

    @property
    def password(self) -> str | None:
        """The password as text."""
        return self._password.reveal() if self._password else None

    @password.setter
    def password(self, value: str | Secret | None) -> None:
        self._password = Secret(value) if isinstance(value, str) else value

    def __repr__(self) -> str:
        password = f"'{MASK}'" if self._password else None
        return f"ContainerRegistry(address={self.address!r}, username={self.username!r}, password={password})"
