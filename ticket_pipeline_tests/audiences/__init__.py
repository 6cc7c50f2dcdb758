"""Tests of the audiences."""
