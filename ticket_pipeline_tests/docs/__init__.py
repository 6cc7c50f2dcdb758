"""What README and docs/ say is so: every command is run, every block is read, every link leads somewhere."""
