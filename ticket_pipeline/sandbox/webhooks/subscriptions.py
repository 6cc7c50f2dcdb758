"""Who is told: addresses on this machine, and no others."""

import re

#: One way to read it only: no user, no backslash, nothing that two parsers of URLs could see differently.
LOOPBACK = re.compile(
    r"https?://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&'()*+,;=:/?-]*)?"
)
LONGEST = 2000


def checked_url(url: object) -> str:
    """Take a subscriber's address.

    Raises:
        ValueError: it is not on this machine, or no address at all.
    """
    if not isinstance(url, str) or len(url) > LONGEST or not LOOPBACK.fullmatch(url):
        raise ValueError(f"{url!r} is not an address on this machine, such as http://127.0.0.1:8787/webhooks/wix")
    return url
