"""A package written out as a Dockerfile."""
