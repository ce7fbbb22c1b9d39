"""What can be found out about a script or a pickle without running it."""
