"""Tests of the channels; contract.py is what every kind must pass."""
