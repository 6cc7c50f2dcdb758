"""What the sandbox answers, one module per resource."""
