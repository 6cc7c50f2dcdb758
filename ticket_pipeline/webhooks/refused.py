"""Why a webhook was refused."""

from enum import StrEnum

from ticket_pipeline.errors import RejectedError


class Refusal(StrEnum):
    """Stable codes; they are answered, counted and logged."""

    NOT_A_TOKEN = "not_a_token"  # noqa: S105 - a code, not a secret
    BAD_ALGORITHM = "bad_algorithm"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    BAD_CLAIMS = "bad_claims"
    #: Signed as it should be, and yet not to be read.
    MALFORMED = "malformed"
    #: Signed as it should be, for a site we do not serve here.
    WRONG_SITE = "wrong_site"
    TOO_LARGE = "too_large"
    #: For a site of ours of which no public key is declared.
    NO_PUBLIC_KEY = "no_public_key"


class RefusedWebhook(RejectedError):  # noqa: N818 - it is the webhook's fault, and reads so where it is raised
    """This webhook is not landed; the sentence names nothing of its content."""

    code: Refusal

    def __init__(self, code: Refusal, reason: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(reason, code=code)
