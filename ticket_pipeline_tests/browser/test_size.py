import gzip

import minify  # type: ignore[import-untyped] # it has no types

from ticket_pipeline_tests.browser.stub import SCRIPT

FOUR_KB = 4096


def test_minified_and_compressed_it_takes_less_than_four_kilobytes() -> None:
    assert len(gzip.compress(minify.string("text/javascript", SCRIPT).encode(), mtime=0)) < FOUR_KB


def test_as_served_it_is_readable_and_compresses_to_less_than_six() -> None:
    assert len(gzip.compress(SCRIPT.encode(), mtime=0)) < 6 * 1024
    assert max(map(len, SCRIPT.splitlines())) <= 170
