"""`python -m tests.services up | down`."""

import sys

from tests.services import dockerd, packages, podman, registry


def main(verb: str) -> None:
    """Start everything, or end it."""
    if verb == "up":
        packages.need(*packages.PACKAGES)
        print(f"Docker engine: {dockerd.up()}")
        print(f"CNCF registry: {registry.up().address}")
    elif verb == "down":
        registry.down()
        podman.down()
        dockerd.down()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
