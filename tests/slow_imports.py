"""What the tests import for no use of theirs, at a cost that counts."""

NAME = "rfc3987_syntax"
"""Checks addresses for jsonschema, which nbformat and the Jupyter server import: it is used where it is installed,
and compiles forty grammars when it is imported. That takes three seconds of a processor."""

SKIPPED = f"import sys; sys.modules[{NAME!r}] = None"
"""What a program begins with to go without."""
