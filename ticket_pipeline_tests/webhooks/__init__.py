"""Tests of ticket_pipeline.webhooks."""
