"""The benches run: the smallest of them, at its smallest size; and their arithmetic."""

from bench import requests
from bench.rig.figures import Target, missed, rows


def test_the_requests_bench_counts_at_the_server_and_meets_its_target() -> None:
    figures = requests.run(quick=True)

    assert figures["12 events, 150 definitions"]["loaded_definitions"] == 150
    assert figures["12 events, 150 definitions"]["requests"] >= requests.least(12, 150)
    assert missed(rows(figures, requests.TARGETS)) == []


def test_a_target_is_found_by_its_dotted_path() -> None:
    lines = rows({"0 ms": {"faster": 1.9}, "50 ms": {"faster": 5.0}}, {"*.faster": Target(at_least=2)})

    assert [line.met for line in lines] == [False, True]


def test_a_target_whose_figure_was_not_measured_is_missed() -> None:
    lines = rows({"runs": 3}, {"writes": Target(at_most=0)})

    assert [line.name for line in missed(lines)] == ["writes"]
