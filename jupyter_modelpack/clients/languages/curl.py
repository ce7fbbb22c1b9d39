"""A shell with curl."""

from __future__ import annotations

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

# Between <<'JSON' and JSON a shell reads nothing as its own, and no line of JSON is the word JSON.
_TEXT = """
#!/bin/sh
# Scores @@target. Run it with: @@run (curl 7.76 or newer)
@@keys # The variable @@key must hold a key of the service.
@@tls # If a private authority has signed its certificate: CURL_CA_BUNDLE=authority.pem
@@note # @@note
curl --silent --show-error --fail-with-body --max-time @@seconds --write-out '\\n' \\
  --header 'Content-Type: application/json' \\
@@keys   --header "Authorization: Bearer $@@key" \\
  --data-binary @- '@@url' <<'JSON'
@@body
JSON
"""

LANGUAGE = Language("client.sh", "sh client.sh", _TEXT, layout)
