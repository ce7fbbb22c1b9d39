"""The magics and what they read from the kernel."""
