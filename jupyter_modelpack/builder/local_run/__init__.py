"""Run an image's files without an engine, and try a script before packaging."""
