"""Tests of the Wix client."""
