"""How a script's run() is called: in threads, batches or a loop."""
