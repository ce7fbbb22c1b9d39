"""Routes, keys and cross-origin rules."""
