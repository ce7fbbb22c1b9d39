"""Panels in a notebook; nothing here is imported before the first one is shown."""
