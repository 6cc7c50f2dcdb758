"""E-mail addresses: whether mail could go there, and when two are the same (pure; nothing is looked up)."""

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

#: As long as RFC 5321 allows; nothing longer is even looked at.
_LONGEST = 254


def normalise(email: str | None) -> str | None:
    """Give the one spelling that all spellings of an address share; None where no mail could be sent.

    All in small letters: in practice no mailbox tells A from a, and being told twice is worse than the one that does.
    """
    address = deliverable(email)
    return address and address.lower()


def deliverable(email: str | None) -> str | None:
    """Give the address as mail is sent to it: the name as it was written, the domain in ASCII; None for none."""
    return None if problem(email) else _parsed(email or "")


def problem(email: str | None) -> str | None:
    """Say why no mail can be sent to an address, without naming it; None where it can."""
    text = (email or "").strip()
    if not text:
        return "there is no address"
    if len(text) > _LONGEST:
        return f"the address is longer than {_LONGEST} letters"
    return None if _parsed(text) else "the address is not of the form name@domain.tld"


# Each address of a batch is asked for several times over.
@lru_cache(maxsize=1024)
def _parsed(email: str) -> str | None:
    try:
        valid = validate_email(email.strip(), check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return None
    domain = valid.ascii_domain.lower()
    return f"{valid.local_part}@{domain}" if "." in domain else None
