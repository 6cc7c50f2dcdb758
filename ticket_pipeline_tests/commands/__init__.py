"""The command line, by what a person does with it."""
