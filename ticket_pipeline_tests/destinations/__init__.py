"""Tests of the destinations; contract.py is what every kind must pass."""
