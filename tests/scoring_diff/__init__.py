"""Our scoring server beside the one of Azure ML: the same scripts, the same requests, every difference known."""
