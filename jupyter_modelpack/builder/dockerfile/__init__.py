"""Export a package as a Dockerfile."""
