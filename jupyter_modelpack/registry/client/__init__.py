"""Reading from registries and writing to them."""
