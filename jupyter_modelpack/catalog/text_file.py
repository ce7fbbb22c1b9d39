"""Reading a text file of the user's; what is wrong with it is one sentence."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from jupyter_modelpack.builder.context.source_files import open_regular
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.store.os_errors import disk_errors

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """Return the text of the `what` at `path`, without a byte order mark.

    Raises:
        PathNotFound: it is not there.
        UsageError: it is a folder or a device, or no text in UTF-8.
        Denied: it may not be read.

    """
    source = Path(path)
    try:
        with disk_errors(source, f"the {what}", "read"), open_regular(source) as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PathNotFound(f"There is no {what} {source.absolute()}.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = next((f"in {name}, not in UTF-8" for mark, name in _MARKS if data.startswith(mark)), "no UTF-8 text")
        raise UsageError(f"The {what} {source} is {found}.", hint="Save it as UTF-8.", code="not-utf-8") from error
