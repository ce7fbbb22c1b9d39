"""Go: net/http."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.clients.json_text import layout, without
from jupyter_modelpack.clients.program import Language

_TEXT = """
// Scores @@target. Run it with: @@run
@@keys // The variable @@key must hold a key of the service.
@@tls // If a private authority has signed its certificate: SSL_CERT_FILE=authority.pem
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const url = "@@url"

@@note // @@note
const body = `@@body`

func main() {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	stopOn(err)
	request.Header.Set("Content-Type", "application/json")
@@keys 	request.Header.Set("Authorization", "Bearer "+os.Getenv("@@key"))
	client := http.Client{Timeout: @@seconds * time.Second}
	response, err := client.Do(request)
	stopOn(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	stopOn(err)
	if response.StatusCode/100 != 2 {
		stopOn(fmt.Errorf("%s: %s", response.Status, answer))
	}
	fmt.Println(string(answer))
}

func stopOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
"""


def _literal(value: Any) -> str:
    """Return JSON as it stands between backticks, in which nothing else means anything."""
    return without(layout(value), "`")


LANGUAGE = Language("client.go", "go run client.go", _TEXT, _literal)
