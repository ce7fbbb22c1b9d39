"""Packages on their way: pull, push, the workspace's own registry, a remote one."""
