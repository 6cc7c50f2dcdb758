"""Tests of ticket_pipeline, laid out as the package is."""
