"""The base image: found, read, or made."""
