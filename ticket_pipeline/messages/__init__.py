"""What people are told: templates and words, rendered per language; addresses."""
