"""Services of other people's frameworks: the right numbers, with no switch set."""
