"""External ticketing systems, one module per kind."""
