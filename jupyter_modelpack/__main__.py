"""``python -m jupyter_modelpack`` is ``modelpack``."""

from __future__ import annotations

import sys

from jupyter_modelpack.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main())
