"""The version, in one place: hatch reads it, `modelpack --version` prints it."""

__version__ = "0.1.0"
