"""The tests, in the subpackages of the package."""
