"""TypeScript: fetch, with its types."""

from __future__ import annotations

from jupyter_modelpack.clients.languages.javascript import literal
from jupyter_modelpack.clients.program import Language

_TEXT = """
// Scores @@target. Run it with: @@run (Node.js 22.18 or newer), or compile it with
// tsc --target es2022 --module nodenext client.mts and run client.mjs.
@@keys // The variable @@key must hold a key of the service.
@@tls // If a private authority has signed its certificate: NODE_EXTRA_CA_CERTS=authority.pem
declare const process: { env: Record<string, string | undefined>; exitCode?: number };

const url: string = "@@url";
@@note // @@note
const body: string = `@@body`; // or JSON.stringify(data)

const response: Response = await fetch(url, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
@@keys     Authorization: `Bearer ${process.env.@@key}`,
  },
  body,
  signal: AbortSignal.timeout(@@{seconds}_000),
});
const answer: string = await response.text();
if (response.ok) {
  console.log(answer);
} else {
  console.error(`${response.status} ${response.statusText}: ${answer}`);
  process.exitCode = 1;
}

export {};
"""

LANGUAGE = Language("client.mts", "node client.mts", _TEXT, literal)
