"""What `ticket-pipeline` can be told to do, a module per part of the story."""
