"""The made-up data that a new sandbox starts with."""
