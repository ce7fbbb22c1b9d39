"""What can be told of a script or a pickle without running it."""
