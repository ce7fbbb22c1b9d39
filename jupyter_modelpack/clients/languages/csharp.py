"""C#: HttpClient, for .NET and Mono."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout
from jupyter_modelpack.clients.program import Language

_TEXT = """
// Scores @@target. Run it with: @@run
// or with Mono: mcs -r:System.Net.Http.dll Client.cs && mono Client.exe
@@keys // The variable @@key must hold a key of the service.
@@tls // If a private authority has signed its certificate: SSL_CERT_FILE=authority.pem;
@@tls // for Mono: cert-sync --user authority.pem
using System;
using System.Net.Http;
using System.Text;

class Client
{
    const string Url = "@@url";

@@note     // @@note
    const string Body = @"@@body";

    static int Main()
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(@@seconds) })
        using (var content = new StringContent(Body, Encoding.UTF8, "application/json"))
        {
@@keys             var key = Environment.GetEnvironmentVariable("@@key");
@@keys             client.DefaultRequestHeaders.Add("Authorization", "Bearer " + key);
            var response = client.PostAsync(Url, content).GetAwaiter().GetResult();
            var answer = response.Content.ReadAsStringAsync().GetAwaiter().GetResult();
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine((int)response.StatusCode + " " + response.ReasonPhrase + ": " + answer);
                return 1;
            }
            Console.WriteLine(answer);
            return 0;
        }
    }
}
"""


def _literal(value: Any) -> str:
    """Return JSON as it stands in a verbatim string, in which a quote is two."""
    return layout(value, ascii_only=True).replace('"', '""')


LANGUAGE = Language("Client.cs", "dotnet run Client.cs (.NET 10 or newer)", _TEXT, _literal)
