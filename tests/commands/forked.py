"""The command line in processes of its own that have their imports already.

A test types up to a dozen command lines, and four fifths of what each costs is that Python starts and imports. Here one
parent has done so, and forks for each: a process with its own environment, folder, output and end. What importing does
is for `tests/frontends/test_cli.py`, where each is started as a shell starts it.
"""

from __future__ import annotations

import atexit
import functools
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

MOST = 1 << 20
"""Bytes of a command line with its environment."""

PARENT = f"""
import importlib, json, os, pkgutil, socket, sys
from jupyter_modelpack import commands
from jupyter_modelpack.frontends import cli
for found in pkgutil.walk_packages(commands.__path__, "jupyter_modelpack.commands."):
    importlib.import_module(found.name)
line = socket.socket(fileno=int(sys.argv[1]))
while True:
    asked, handles, _, _ = socket.recv_fds(line, {MOST}, 2)
    if not asked:
        break
    child = os.fork()
    if not child:
        line.close()
        words, folder, environment = json.loads(asked)
        for number, handle in enumerate(handles, 1):
            os.dup2(handle, number)
            os.close(handle)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["modelpack", *words]
        sys.exit(cli.main())
    for handle in handles:
        os.close(handle)
    line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
"""


@functools.cache
def _parent() -> socket.socket:
    """Start the parent; it ends with us, when nothing holds our end of the line any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        argv = [sys.executable, "-c", PARENT, str(theirs.fileno())]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours


def run(words: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `modelpack` with these words; give its exit code and what it wrote."""
    line = _parent()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        asked = json.dumps([list(map(str, words)), str(folder or Path.cwd()), dict(environment)]).encode()
        try:
            socket.send_fds(line, [asked], [out.fileno(), err.fileno()])
            said = line.recv(100)
        except BaseException:  # its answer, come late, is not the next one's
            line.close()
            _parent.cache_clear()
            raise
        if not said:
            raise RuntimeError("the parent of all command lines has ended")
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(words), int(said), out.read().decode(), err.read().decode())
