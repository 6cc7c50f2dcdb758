"""How people are told: one module per kind."""
