"""What kind of model files are, and the short entry script that serves each kind."""
