"""The stories, through the sandbox."""
