"""Keep a ticketing system, a live counter and sale-start announcements in step with a Wix Events site."""
