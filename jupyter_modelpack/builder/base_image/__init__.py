"""Find, read or make the base image."""
