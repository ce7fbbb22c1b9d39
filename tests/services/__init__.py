"""The real parts the tests run against, started privately for this checkout.

`python -m tests.services up` installs what is missing, then starts a Docker engine on a private socket
beside a password-protected CNCF registry on loopback; `down` ends exactly those two. Both remember
themselves in `.services/` at the top of the checkout, so `up` may be said as often as one likes: by make, by
a fixture, by several pytest workers at once. A daemon that was started by anybody else is never touched.
"""

from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

CHECKOUT = Path(__file__).resolve().parents[2]
STATE = CHECKOUT / ".services"
CACHE = CHECKOUT / ".cache"


@contextmanager
def only_one(name: str):
    """Let one process of this checkout at a time do what `name` says."""
    STATE.mkdir(exist_ok=True)
    with FileLock(STATE / f"{name}.lock", timeout=600):
        yield
