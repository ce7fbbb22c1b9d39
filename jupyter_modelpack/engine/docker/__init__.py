"""Docker and Podman, by the Docker Engine API."""
