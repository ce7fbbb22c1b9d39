"""Convert between HTTP bodies and what a script takes and returns."""
