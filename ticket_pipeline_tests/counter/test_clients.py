import pytest

from ticket_pipeline.counter.clients import Visits, client_of, networks

PROXY = networks(["10.0.0.0/8", "2001:db8::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("8.8.8.8", [], "8.8.8.8"),
        ("8.8.8.8", ["1.1.1.1"], "8.8.8.8"),
        ("::ffff:8.8.8.8", [], "8.8.8.8"),
        ("2a00:1450:4001:81b::200e", [], "2a00:1450:4001:81b::/64"),
        ("127.0.0.1", [], None),
        ("192.168.1.5", ["1.1.1.1"], None),
        ("10.1.2.3", [], None),
        ("10.1.2.3", ["1.1.1.1"], "1.1.1.1"),
        ("10.1.2.3", ["6.6.6.6, 1.1.1.1, 10.9.9.9"], "1.1.1.1"),
        ("10.1.2.3", ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        ("10.1.2.3", ["1.1.1.1, rubbish"], None),
        ("10.1.2.3", ["192.168.0.9"], None),
        (None, [], None),
    ],
)
def test_limits_count_by_the_visitor_and_never_by_a_proxy(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    assert client_of(peer, forwarded, PROXY) == client


def test_a_client_may_ask_often_but_not_always() -> None:
    now = 0.0
    visits = Visits(seconds=lambda: now)
    assert [visits.allows("a") for _ in range(202)] == [True] * 200 + [False] * 2
    assert visits.allows("b")
    assert all(visits.allows(None) for _ in range(500))
    now = 1.0
    assert [visits.allows("a") for _ in range(51)] == [True] * 50 + [False]


def test_ever_new_clients_do_not_fill_the_memory() -> None:
    visits = Visits(seconds=lambda: 0.0)
    for number in range(30_000):
        visits.allows(str(number))
    assert len(visits._left) <= 10_000
