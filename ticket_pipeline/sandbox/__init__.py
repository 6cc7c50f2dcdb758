"""A Wix on your desk: answers as Wix's REST API does, from made-up data."""

from ticket_pipeline.sandbox.published_key import SANDBOX_WEBHOOK_PUBLIC_KEY
from ticket_pipeline.sandbox.settings import (
    SANDBOX_ACCOUNT_ID,
    SANDBOX_API_KEY,
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
    SandboxSettings,
)

__all__ = [
    "SANDBOX_ACCOUNT_ID",
    "SANDBOX_API_KEY",
    "SANDBOX_APP_ID",
    "SANDBOX_APP_SECRET",
    "SANDBOX_INSTANCE_ID",
    "SANDBOX_SITE_ID",
    "SANDBOX_WEBHOOK_PUBLIC_KEY",
    "SandboxSettings",
]
