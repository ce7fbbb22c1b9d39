"""Registered models: their layer, their metadata, how they are found, and the framework they are of."""
