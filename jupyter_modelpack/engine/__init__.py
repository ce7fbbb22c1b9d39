"""Running things: Docker, Podman, or no engine at all, behind one handle."""
