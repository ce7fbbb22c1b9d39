"""Models without a script: what their files are, and what is made for them."""
