"""The source: Wix's REST API."""
