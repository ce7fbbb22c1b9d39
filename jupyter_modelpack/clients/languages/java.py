"""Java 17: java.net.http."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

_TEXT = """
// Scores @@target. Run it with: @@run (Java 17 or newer)
@@keys // The variable @@key must hold a key of the service.
@@tls // If a private authority has signed its certificate, keytool -importcert puts that into a store for
@@tls // java -Djavax.net.ssl.trustStore=STORE -Djavax.net.ssl.trustStorePassword=PASSWORD Client.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

public class Client {
@@note     // @@note
    static final String BODY = @@body;

    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("@@url"))
            .timeout(Duration.ofSeconds(@@seconds))
            .header("Content-Type", "application/json")
@@keys             .header("Authorization", "Bearer " + System.getenv("@@key"))
            .POST(HttpRequest.BodyPublishers.ofString(BODY))
            .build();
        HttpResponse<String> response =
            HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            System.err.println(response.statusCode() + ": " + response.body());
            System.exit(1);
        }
        System.out.println(response.body());
    }
}
"""

_CONSTANT = 65_000
"""Bytes of a string constant; javac refuses one of 65,536."""

_PIECE = 10_000


def _literal(value: Any) -> str:
    """Return JSON as a text block, or in pieces where that were too long for a constant."""
    text = layout(value, ascii_only=True)
    if len(text) < _CONSTANT:
        lines = "".join(f"\n        {line}" if line else "\n" for line in text.replace("\\", "\\\\").split("\n"))
        return f'"""{lines}\n        """'
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return f'String.join(""{"".join(f",{chr(10)}        {_quoted(piece)}" for piece in pieces)})'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


LANGUAGE = Language("Client.java", "java Client.java", _TEXT, _literal)
