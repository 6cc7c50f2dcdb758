"""The nouns of ticket_pipeline: frozen values without I/O."""
