"""Tests of the subpackage engine."""
