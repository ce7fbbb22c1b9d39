"""What text from outside costs: no more than its length, whatever it holds."""
