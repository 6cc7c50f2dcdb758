"""The box office: the page at the sandbox's root, where one buys, holds, edits, and watches what follows."""
