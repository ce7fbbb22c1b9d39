"""Compile Python files to bytecode: run as a script by an interpreter of the image's minor version.

Reads lines of a file and its path in the image, a tab between, from stdin and writes each file's ``.pyc`` beside it in
``__pycache__``. Uses nothing but the standard library and no syntax newer than Python 3.8, because
the interpreter that runs it is the image's, not ours. Bytes depend on the source alone: marshal
version 2 leaves out what an interpreter's state would add, and the unchecked-hash form (PEP 552)
holds no time.
"""

import importlib.util
import marshal
import os
import sys
import warnings


def compile_file(path: str, shown: str) -> None:
    """Write the bytecode of one file; one that cannot be compiled is left as source, as pip does."""
    with open(path, "rb") as stream:
        source = stream.read()
    try:
        code = compile(source, shown, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    target = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as stream:
        stream.write(importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little"))
        stream.write(importlib.util.source_hash(source))
        stream.write(marshal.dumps(code, 2))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        compile_file(*line.rstrip("\n").split("\t"))
