"""How fast we are, measured beside what people use today: `make bench`."""
