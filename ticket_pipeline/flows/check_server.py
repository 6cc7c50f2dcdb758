"""Check the server: can webhooks come in, and may pages elsewhere show counters."""

from collections.abc import Collection, Iterator

from ticket_pipeline.model.finding import Finding, Level


def check_server(*, webhooks: bool, counters: bool, allowed_origins: Collection[str]) -> Iterator[Finding]:
    """Say what goes without what was left out: the public key of webhooks, the origins of counters."""
    if not webhooks:
        swept = "; counters are swept" if counters else ""
        yield Finding(
            level=Level.WARNING,
            what="webhooks",
            seen=f"none can come in; changes are found by the nightly reconcile{swept}",
            remedy="add wix.webhook_public_key, from the dashboard of your Wix app (an API key brings no webhooks)",
        )
    if counters and not allowed_origins:
        yield Finding(
            level=Level.WARNING,
            what="counters",
            seen="pages of no other origin may show them",
            remedy="add server.allowed_origins, the origins of your pages: https://www.example.org",
        )
