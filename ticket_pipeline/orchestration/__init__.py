"""Dagster's part, and nothing but Dagster's."""
