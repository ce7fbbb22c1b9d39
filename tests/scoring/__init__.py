"""Tests of the scoring server, through real processes and real sockets."""
