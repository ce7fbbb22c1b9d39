"""Registries: reaching any of them, being a workspace's own.

Source: OCI distribution specification 1.1. Nothing is imported here: `requests` costs 60 ms that only
those pay who reach a registry.
"""
