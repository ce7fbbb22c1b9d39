"""From model, environment and entry script to an image."""
