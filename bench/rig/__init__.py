"""What the benches stand on: child processes, a sandbox, a declared pipeline, figures and where they go."""
