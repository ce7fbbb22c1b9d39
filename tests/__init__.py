"""The tests, room for room as in the package."""
