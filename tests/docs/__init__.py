"""The manual: what it says is so."""
