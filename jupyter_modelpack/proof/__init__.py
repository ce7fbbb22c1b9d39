"""Proof: the package itself answers its sample, and the answer is compared with the notebook's own."""
