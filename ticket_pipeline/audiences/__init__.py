"""Marketing tools, where subscribers come from: one module per kind."""
