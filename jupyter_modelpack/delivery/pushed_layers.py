"""What this machine knows of layers that it has sent to registries.

What each layer is when it is compressed, so that a second push asks and does not compress; and in which
repository a registry has it, so that another one takes it from there. Notes only: a registry is asked
before one is believed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_modelpack import home
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER_GZIP, Descriptor
from jupyter_modelpack.record_format import FIELD, is_known
from jupyter_modelpack.store.files import write_file

_FORMAT = 1


class PushedLayers:
    """Notes in the machine's cache, one file a layer."""

    def compressed(self, plain: Digest) -> Descriptor | None:
        """Return what the layer was when it was compressed last, or None."""
        note = self._read(plain)
        try:
            digest, size = Digest.parse(note["digest"]), int(note["size"])
        except (KeyError, TypeError, ValueError, ModelpackError):
            return None
        return Descriptor(LAYER_GZIP, digest, size) if digest != plain else None

    def place(self, host: str, plain: Digest) -> str:
        """Return a repository of the registry that was given the layer; empty when none is known."""
        places = self._read(plain).get("places")
        found = places.get(host) if isinstance(places, dict) else None
        return found if isinstance(found, str) else ""

    def keep(self, plain: Digest, sent: Descriptor, host: str, repository: str) -> None:
        """Note what was sent, and where it is now."""
        note = self._read(plain)
        places = note.get("places")
        known = places if isinstance(places, dict) and note.get("digest") == sent.digest else {}
        if known.get(host) == repository:
            return
        note = {FIELD: _FORMAT, "digest": sent.digest, "size": sent.size, "places": {**known, host: repository}}
        write_file(self._path(plain), json.dumps(note).encode())

    def _read(self, plain: Digest) -> dict[str, Any]:
        try:
            note = json.loads(self._path(plain).read_bytes())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) and is_known(note, _FORMAT) else {}

    @staticmethod
    def _path(plain: Digest) -> Path:
        return home.cache() / "shipped" / plain.hex
