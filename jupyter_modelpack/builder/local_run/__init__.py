"""An image's files on this machine: to run without an engine, and to try a script."""
