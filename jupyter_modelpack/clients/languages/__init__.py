"""One file a language: how its program reads."""
