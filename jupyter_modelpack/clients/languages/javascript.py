"""JavaScript: fetch, as Node.js and browsers have it."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout, without
from jupyter_modelpack.clients.program import Language

_TEXT = """
// Scores @@target. Run it with: @@run (Node.js 18 or newer)
@@keys // The variable @@key must hold a key of the service.
@@tls // If a private authority has signed its certificate: NODE_EXTRA_CA_CERTS=authority.pem
const url = "@@url";
@@note // @@note
const body = `@@body`; // or JSON.stringify(data)

const response = await fetch(url, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
@@keys     Authorization: `Bearer ${process.env.@@key}`,
  },
  body,
  signal: AbortSignal.timeout(@@{seconds}_000),
});
const answer = await response.text();
if (response.ok) {
  console.log(answer);
} else {
  console.error(`${response.status} ${response.statusText}: ${answer}`);
  process.exitCode = 1;
}
"""


def literal(value: Any) -> str:
    """Return JSON as it stands between the backticks of a template."""
    text = without(layout(value), "`").replace("${", "\\u0024{")
    return text.replace("\\", "\\\\")


LANGUAGE = Language("client.mjs", "node client.mjs", _TEXT, literal)
