"""Tests of Dagster's part."""
