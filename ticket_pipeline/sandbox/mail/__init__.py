"""The mails that were sent to the sandbox: taken, kept for a while, read, never passed on."""
