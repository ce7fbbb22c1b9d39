"""What of a source folder ships: ignore files obeyed, secrets left out."""
