"""Logs, metrics, traces and collected data."""
