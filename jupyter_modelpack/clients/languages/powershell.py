"""PowerShell: Invoke-WebRequest. Nobody has tried it: the machines of this project have no PowerShell."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

# A here-string ends at a line that begins with '@, and no line of JSON does.
_TEXT = """
# UNTRIED: the tests of modelpack run programs in other languages, and none in PowerShell.
# Scores @@target. Run it with: @@run
@@keys # The variable @@key must hold a key of the service.
$url = '@@url'
@@note # @@note
$body = @'
@@body
'@
$headers = @{}
@@keys $headers['Authorization'] = "Bearer $env:@@key"

try {
    $answer = Invoke-WebRequest -Uri $url -Method Post -ContentType 'application/json' `
        -Headers $headers -Body $body -TimeoutSec @@seconds -UseBasicParsing
    $answer.Content
} catch {
    $status = if ($_.Exception.Response) { [int]$_.Exception.Response.StatusCode } else { 'No answer' }
    $said = if ($_.ErrorDetails) { $_.ErrorDetails.Message } else { $_.Exception.Message }
    [Console]::Error.WriteLine("${status}: $said")
    exit 1
}
"""


def _literal(value: Any) -> str:
    """Return JSON in ASCII: Windows PowerShell reads a file in the encoding of its machine."""
    return layout(value, ascii_only=True)


LANGUAGE = Language("client.ps1", "pwsh client.ps1", _TEXT, _literal)
