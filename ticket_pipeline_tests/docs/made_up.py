"""What the pages want to find in the environment: the sandbox's own credentials, and made-up ones of everybody else."""

from ticket_pipeline.sandbox.published_key import SANDBOX_WEBHOOK_PUBLIC_KEY
from ticket_pipeline.sandbox.settings import (
    SANDBOX_API_KEY,
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
)

VARIABLES = {
    "WIX_API_KEY": SANDBOX_API_KEY,
    "WIX_SITE_ID": SANDBOX_SITE_ID,
    "WIX_APP_ID": SANDBOX_APP_ID,
    "WIX_APP_SECRET": SANDBOX_APP_SECRET,
    "WIX_INSTANCE_ID": SANDBOX_INSTANCE_ID,
    "WIX_WEBHOOK_PUBLIC_KEY": SANDBOX_WEBHOOK_PUBLIC_KEY,
    "TICKET_PIPELINE_STATE": "sqlite:///ticket-pipeline.db",
    "SMTP_PASSWORD": "made-up",
    "DB_PASSWORD": "made-up",
    "PRETIX_TOKEN": "made-up",
    "TITO_TOKEN": "made-up",
    "EVENTBRITE_TOKEN": "made-up",
    # Any 32 bytes below the curve's order are a private key.
    "VAPID_PRIVATE_KEY": "AQ" * 21 + "E",
}
