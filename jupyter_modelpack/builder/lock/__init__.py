"""Requirements resolved to a pylock.toml."""
