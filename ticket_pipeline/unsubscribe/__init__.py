"""Taking an unsubscription: the links in our messages, and what answers them."""
