"""Loading an entry script and what stands in for Azure's modules."""
