"""R: the package curl."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

_TEXT = """
# Scores @@target. Run it with: @@run (R 4.0 or newer)
# It needs one package: install.packages("curl")
@@keys # The variable @@key must hold a key of the service.
@@tls # If a private authority has signed its certificate: CURL_CA_BUNDLE=authority.pem

url <- "@@url"
@@note # @@note
body <- r"---(@@body)---"

request <- curl::new_handle(copypostfields = body, timeout = @@seconds)
curl::handle_setheaders(request,
@@keys   "Authorization" = paste("Bearer", Sys.getenv("@@key")),
  "Content-Type" = "application/json"
)
@@tls authority <- Sys.getenv("CURL_CA_BUNDLE")
@@tls if (nzchar(authority)) curl::handle_setopt(request, cainfo = authority)
response <- curl::curl_fetch_memory(url, handle = request)
answer <- rawToChar(response$content)
if (response$status_code %/% 100 != 2) {
  message(response$status_code, ": ", answer)
  quit(status = 1)
}
cat(answer, "\\n", sep = "")
"""


def _literal(value: Any) -> str:
    """Return JSON as it stands in a raw string, which only ``)---"`` ends."""
    return layout(value, ascii_only=True).replace(")---", "\\u0029---")


LANGUAGE = Language("client.R", "Rscript client.R", _TEXT, _literal)
