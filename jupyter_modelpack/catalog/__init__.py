"""What a workspace keeps and how it is found again: versioned artifacts, package records, archives."""
