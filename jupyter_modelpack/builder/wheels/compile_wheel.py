"""Compile Python source to bytecode: run as a script by an interpreter of the image's minor version.

Reads batches of (path in the image, source) from stdin, answers each on stdout with as many bytecodes. Uses nothing
but the standard library and no syntax newer than Python 3.8, because the interpreter that runs it is the image's, not
ours. Bytes depend on the source alone: marshal version 2 leaves out what an interpreter's state would add, the
unchecked-hash form (PEP 552) holds no time, and its caller fixes the hashes of texts, by which releases before
3.11 order the constants of a set. What releases of one minor version compile differently is left as source.
"""

import ast
import gc
import importlib.util
import marshal
import re
import sys
import warnings
from codecs import BOM_UTF8

# A line that begins so; after the word comes nothing that cannot begin an expression or a pattern: `...` and `.5` can.
_MATCH = re.compile(rb"\n[ \t\f]*match\b(?![ \t\f]*(?:[=,:;)\]}]|\.(?![.\d])))")
_CASE = re.compile(rb"\n[ \t\f]*case\b(?![ \t\f]*(?:[=,:;)\]}]|\.(?![.\d])))")


def compile_source(shown: str, source: bytes) -> "bytes | None":
    """Return the bytecode; None for what cannot be compiled, or not always alike: it stays source."""
    try:
        if _is_unstable(source):
            return None
        code = compile(source, shown, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    return head + marshal.dumps(code, 2)


def _is_unstable(source: bytes) -> bool:
    """Whether the releases of a minor version compile it differently: it has a match statement.

    3.11.2 and 3.11.7 give its jumps other positions, and one instruction more or less; of 15,000 modules, no others
    differ. Whether there is such a statement is the same for every release.
    """
    if b"match" not in source or b"case" not in source:  # true of most modules, and much faster than a search
        return False
    text = source[3:] if source[:3] == BOM_UTF8 else source  # Python 3.8 has no `removeprefix`
    lines = b"\n" + text.replace(b"\r", b"\n")
    if not (_MATCH.search(lines) and _CASE.search(lines)):
        return False
    kind = getattr(ast, "Match", ())
    return any(isinstance(node, kind) for node in ast.walk(ast.parse(source)))


def main() -> None:
    """Answer batches until stdin ends; each is a length of 8 bytes and a list that `marshal` writes."""
    warnings.simplefilter("ignore")
    gc.disable()  # syntax trees have no cycles
    while True:
        head = sys.stdin.buffer.read(8)
        if len(head) < 8:
            return
        batch = marshal.loads(sys.stdin.buffer.read(int.from_bytes(head, "little")))  # noqa: S302 - ours
        done = marshal.dumps([compile_source(shown, source) for shown, source in batch], 2)
        sys.stdout.buffer.write(len(done).to_bytes(8, "little") + done)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
