"""Tests of unsubscribing."""
