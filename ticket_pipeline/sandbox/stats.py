"""How a client spends its requests."""

from collections import Counter
from threading import Lock

from ticket_pipeline.sandbox.entities import Document


class Stats:
    """Counts of the API's requests, by route and by status; the sandbox's own pages are not counted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._routes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()

    def count(self, route: str, status: int) -> None:
        """Count one answered request."""
        with self._lock:
            self._routes[route] += 1
            self._statuses[status] += 1

    def reset(self) -> None:
        """Begin at nought."""
        with self._lock:
            self._routes.clear()
            self._statuses.clear()

    @property
    def total(self) -> int:
        """Count all requests, tokens included."""
        return self._routes.total()

    @property
    def routes(self) -> dict[str, int]:
        """Count requests by route, such as "POST /events/v3/ticket-definitions/query"."""
        with self._lock:
            return dict(self._routes)

    def document(self) -> Document:
        """Write all counts."""
        with self._lock:
            statuses = {str(status): count for status, count in sorted(self._statuses.items())}
            return {"total": self.total, "routes": dict(self._routes), "statuses": statuses}
