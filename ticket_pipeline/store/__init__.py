"""What we remember; the only package that knows its tables."""
