"""`python -m ticket_pipeline` is `ticket-pipeline`."""

from ticket_pipeline.cli import main

main()
