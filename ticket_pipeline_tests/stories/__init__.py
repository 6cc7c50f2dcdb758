"""End to end: what must hold whatever happens on the way."""
