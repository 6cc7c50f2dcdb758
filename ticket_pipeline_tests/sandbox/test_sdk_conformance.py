"""Wix's own JavaScript SDK takes the sandbox for Wix: it is pointed at it and every answer is checked.

The checks live beside this file in `sdk/` (Node). Each one is a test here, so that a failing one reads well.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NoReturn, TypedDict

import pytest

from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import (
    SANDBOX_API_KEY,
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
    SandboxSettings,
)

SDK = Path(__file__).parent / "sdk"
INSTALLED = SDK / "node_modules" / ".package-lock.json"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
INSTALL_TIMEOUT, RUN_TIMEOUT = 300, 120
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ETIMEDOUT", "ENOTCACHED")

CREDENTIALS = {
    "api-key": {"api-key": SANDBOX_API_KEY, "site-id": SANDBOX_SITE_ID},
    "app": {
        "app-id": SANDBOX_APP_ID,
        "app-secret": SANDBOX_APP_SECRET,
        "instance-id": SANDBOX_INSTANCE_ID,
    },
}
CHECKS = {
    "definitions": (
        "query-pages-to-the-very-end",
        "query-previous-page-leads-back",
        "query-defaults-are-created-ascending-pages-of-50",
        "query-sorts-by-created-date-descending",
        "query-sorts-by-name",
        "query-filters-event-id-in",
        "query-filters-hidden-true",
        "query-filters-hidden-false",
        "query-filters-sale-status-eq",
        "query-filters-sale-status-in",
        "query-filters-free",
        "query-filters-pricing-type-ne",
        "query-filters-limit-exists",
        "query-filters-created-since",
        "query-filters-and",
        "query-filters-or",
        "query-filters-not",
        "query-one-id",
        "query-typed-cursor-form",
        "query-typed-offset-form-gives-a-total",
        "query-details-come-only-when-asked",
        "query-unlimited-has-no-unsold-count",
        "query-refuses-an-unknown-field",
        "query-refuses-an-unsupported-operator",
        "query-refuses-pages-over-100",
        "query-refuses-a-made-up-cursor",
        "query-refuses-an-unknown-details-field",
        "get-plain",
        "get-with-details",
        "get-unknown-is-404",
        "count-all-with-a-facet",
        "count-with-a-filter",
        "count-refuses-a-bad-filter",
        "create-fixed-price",
        "create-guest-price-is-a-donation",
        "create-pricing-options-get-ids",
        "create-price-zero-is-free",
        "create-refuses-a-price-as-a-number",
        "create-refuses-a-name-over-30",
        "create-refuses-a-missing-price",
        "update-with-the-right-revision",
        "update-with-an-old-revision-is-a-conflict",
        "update-can-change-the-pricing-method",
        "update-unknown-is-404",
        "change-currency-relabels-every-definition",
        "change-currency-is-locked-once-sold",
        "reorder-two-of-one-event",
        "reorder-refuses-itself",
        "delete-then-get-is-404",
        "bulk-delete-by-filter-is-final-for-query-and-count",
        "delete-twice-is-404",
    ),
    "events": (
        "query-pages-to-the-very-end",
        "query-hides-drafts-unless-asked",
        "query-filters-status-in",
        "query-filters-initial-type-ticketing",
        "query-filters-title",
        "query-sorts-by-start",
        "query-details-come-only-when-asked",
        "query-refuses-an-unknown-field",
        "query-refuses-pages-over-1000",
        "get-plain",
        "get-with-details",
        "get-unknown-is-404",
        "get-by-slug",
        "definitions-belong-to-ticketed-events",
        "one-upcoming-event-sells-tickets",
    ),
    "orders": (
        "list-pages-to-the-very-end",
        "list-defaults-to-created-ascending",
        "list-filters-event-ids",
        "list-filters-status",
        "list-filters-confirmed",
        "list-without-a-fieldset-is-bare",
        "list-tickets-name-their-definitions",
        "get-is-what-list-said",
        "get-unknown-is-404",
    ),
    "answers": (
        "QueryTicketDefinitions",
        "GetTicketDefinition",
        "CreateTicketDefinition",
        "UpdateTicketDefinition",
        "DeleteTicketDefinition",
        "CountTicketDefinitions",
        "ChangeCurrency",
        "ReorderTicketDefinitions",
        "BulkDeleteTicketDefinitionsByFilter",
        "QueryEvents",
        "GetEvent",
        "GetEventBySlug",
        "ListOrders",
        "GetOrder",
        "every-method-used-is-validated",
        "refusals-have-the-shape-of-wix-errors",
        "carry-json-and-a-request-id",
        "a-spoilt-answer-would-be-seen",
        "nothing-left-this-machine",
    ),
}
CHECKS_OF_STRATEGY = {
    "api-key": (
        "auth/every-call-carries-the-key-and-the-site",
        "auth/a-wrong-key-is-401",
        "auth/a-key-without-a-site-is-refused",
    ),
    "app": (
        "auth/one-token-serves-every-call",
        "auth/the-token-answer-is-oauth",
        "auth/a-wrong-secret-gets-no-token",
        "auth/a-made-up-token-is-401",
    ),
}


class Finding(TypedDict):
    """What the harness says of one check."""

    check: str
    ok: bool
    detail: str


Reports = Callable[[str], Mapping[str, Finding]]


def expected(strategy: str) -> list[str]:
    """Name every check that a run with this strategy must have made."""
    common = [f"{group}/{name}" for group, names in CHECKS.items() for name in names]
    return [*common, *CHECKS_OF_STRATEGY[strategy]]


@pytest.fixture(scope="module")
def node() -> str:
    """Find Node, with the SDK installed beside the harness as the lock file says."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        absent("node and npm (version 20 or later) are needed to run Wix's SDK; put them on the PATH")
    with (SDK / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # pytest-xdist: one worker installs, the others wait
        if not is_installed():
            install(npm)
    return node


@pytest.fixture(scope="module")
def reports(node: str) -> Reports:
    """Run the harness once per strategy, each against a sandbox of its own."""

    @cache
    def report(strategy: str) -> Mapping[str, Finding]:
        with running(SandboxSettings(now=NOW), clock=lambda: NOW) as sandbox:
            given = {"base-url": sandbox.base_url, "strategy": strategy, **CREDENTIALS[strategy]}
            flags = [part for name, value in given.items() for part in (f"--{name}", value)]
            done = execute([node, "conformance.mjs", *flags], RUN_TIMEOUT)
        assert done.stdout.startswith("["), f"no report: {done.stderr[-2000:]}"
        findings: list[Finding] = json.loads(done.stdout)
        return {finding["check"]: finding for finding in findings}

    return report


@pytest.mark.parametrize(
    ("strategy", "check"), [(strategy, check) for strategy in CREDENTIALS for check in expected(strategy)]
)
def test_the_sandbox_answers_the_sdk_as_wix_does(reports: Reports, strategy: str, check: str) -> None:
    finding = reports(strategy).get(check)
    assert finding is not None, f"the harness made no check named {check}"
    assert finding["ok"], finding["detail"]


@pytest.mark.parametrize("strategy", CREDENTIALS)
def test_the_harness_makes_no_check_that_is_not_listed_here(reports: Reports, strategy: str) -> None:
    assert sorted(reports(strategy)) == sorted(expected(strategy))


def absent(reason: str) -> NoReturn:
    """Skip on a desk, fail where nobody would notice a skip."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def is_installed() -> bool:
    """Tell whether node_modules holds what the lock file names."""
    return INSTALLED.exists() and versions(INSTALLED) == versions(SDK / "package-lock.json")


def versions(lock: Path) -> dict[str, str]:
    """Read each package's version from a lock file, less the root's."""
    packages: dict[str, dict[str, str]] = json.loads(lock.read_text())["packages"]
    return {path: package["version"] for path, package in packages.items() if path}


def install(npm: str) -> None:
    """Install what the lock file names; without a network, skip until there is one."""
    done = execute([npm, "ci", "--prefer-offline", "--fetch-retries=1"], INSTALL_TIMEOUT)
    if any(code in done.stderr for code in OFFLINE):
        pytest.skip("Wix's SDK is not installed and npm reaches no package registry; skipped until it does")
    assert done.returncode == 0, f"npm ci: {done.stderr[-2000:]}"


def execute(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a program of ours in the SDK's folder."""
    return subprocess.run(command, cwd=SDK, capture_output=True, text=True, timeout=timeout, check=False)
