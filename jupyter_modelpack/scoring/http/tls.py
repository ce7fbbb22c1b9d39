"""Make the TLS context of a certificate and a key in files, reloaded when they change."""

import os
import ssl

from ..observe import log
from ..settings import ConfigurationError, Settings


class Certificate:
    """A server context whose certificate follows its files."""

    def __init__(self, settings: Settings) -> None:
        self._files = (settings.tls_cert, settings.tls_key or settings.tls_cert)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._seen = self._state()
            self.context.load_cert_chain(*self._files)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"MODELPACK_TLS_CERT={settings.tls_cert!r} and MODELPACK_TLS_KEY={settings.tls_key!r} cannot be used: "
                f"{error}"
            ) from None

    def refresh(self) -> None:
        """Reload a changed certificate for the next handshakes; keep the previous one if the new one is invalid."""
        try:
            state = self._state()
            if state == self._seen:
                return
            self._seen = state
            # Loaded into another context first: a pair that is half replaced would break the one in use.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files)
            self.context.load_cert_chain(*self._files)
        except (OSError, ValueError) as error:
            log.error(f"The new TLS certificate cannot be used, the one before stays: {error}")
        else:
            log.info("The TLS certificate has been read again.")

    def _state(self) -> list[tuple[int, int, int]]:
        found = [os.stat(path) for path in self._files]  # noqa: PTH116  asked four times a second
        return [(status.st_mtime_ns, status.st_size, status.st_ino) for status in found]


def certificate(settings: Settings) -> Certificate | None:
    """Return the certificate, where there is one."""
    return Certificate(settings) if settings.tls_cert else None
