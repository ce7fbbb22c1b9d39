"""The workspace's own registry on loopback."""
