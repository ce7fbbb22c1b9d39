"""Format tracebacks from the user's first frame on."""

import traceback
from pathlib import Path

_OURS = str(Path(__file__).parents[1])


def of_user(error: BaseException) -> str:
    """Format `error` without the frames of this server above the script's first one."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_OURS):
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame)).rstrip()
