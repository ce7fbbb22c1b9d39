"""Processes that die, hang, overlap and drain: slow by nature, so not among the unit tests."""
