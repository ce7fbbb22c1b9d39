"""The nouns of the API, one class a file."""
