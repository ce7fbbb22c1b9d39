"""A service to run in tests: the standard library only, told what to do by its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NEWER = os.environ.get("MODELPACK_RELOAD_DIR", "")
STATE = {"status": "ready", "package": None, "scripts": {"asked": 1, "served": 1, "refused": 0}}


def reload(*_):
    """Take what was laid over the app, as the scoring server does; a file `refuse` is a script that does not start."""
    with open(f"{NEWER}/serves") as file:  # noqa: PTH123  one import less
        name = file.read()
    refused = os.access(f"{NEWER}/{name}/refuse", os.F_OK)
    STATE["scripts"]["asked"] += 1
    STATE["scripts"]["refused" if refused else "served"] += 1
    if refused:
        print_ending("nonesuch")
    else:
        STATE["package"] = name


def print_ending(module="", number=0):
    """Say as the scoring server does that a module is missing, or that its port cannot be had."""
    ending = {"phase": "init()", "types": ["ModuleNotFoundError", "ImportError", "Exception"], "module": module}
    if number:
        ending = {"phase": "listening", "types": ["OSError", "Exception"], "errno": number}
    print("modelpack-ending " + json.dumps({**ending, "message": "none", "cause": "none"}), flush=True)
    print("The service did not start: none", flush=True)


READY_AT = time.monotonic() + float(os.environ.get("READY_AFTER", "0"))


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/ready" and "OLD" not in os.environ:
            state = json.dumps(STATE).encode() if NEWER else b""
            self.answer(200 if time.monotonic() >= READY_AT else 503, state)
        elif self.path == "/":
            self.answer(200, b"Healthy")
        else:
            self.answer(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 500 if body == b"bad" else 200
        if body == b"id":
            body = f"{os.getuid()}:{os.getgid()}".encode()
        elif body.startswith(b"write "):
            try:
                with open(body[6:].decode(), "w") as file:  # noqa: PTH123  one import less
                    file.write("x")
            except OSError as error:
                status, body = 500, str(error).encode()
        elif body.startswith(b"read "):
            with open(f"{NEWER}/{body[5:].decode()}", "rb") as file:  # noqa: PTH123
                body = file.read()
        elif body.startswith(b"say "):
            print(("x" * 99 + "\n") * (int(body[4:]) // 100), end="", flush=True)
        elif body.startswith(b"env "):
            body = os.environ.get(body[4:].decode(), "").encode()
        elif body == b"die":
            print("dying as told", flush=True)
            os._exit(7)
        self.answer(
            status, body, Content_Type=self.headers["Content-Type"], X_Request=self.headers.get("X-Request", "")
        )

    def log_message(self, text, *words):
        print(text % words, flush=True)


if __name__ == "__main__":
    if NEWER:
        signal.signal(signal.SIGHUP, reload)
    print("starting", flush=True)
    print("on stderr", file=sys.stderr, flush=True)
    if "CHILD" in os.environ:
        print("child", subprocess.Popen(["sleep", "1000"]).pid, flush=True)
    if "EXIT" in os.environ:
        sys.exit(int(os.environ["EXIT"]))
    if "RAISE" in os.environ:
        print_ending(os.environ["RAISE"])
        sys.exit(3)
    address = (os.environ.get("MODELPACK_HOST", "0.0.0.0"), int(os.environ.get("MODELPACK_PORT", "5001")))
    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        print_ending(number=error.errno)
        sys.exit(3)
    server.serve_forever()
