"""Access tokens.

Wix's documentation: REST, API reference, authorization, OAuth 2.
"""

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.operation import Call, Operation


def token(call: Call) -> Document:
    """Issue an access token."""
    return call.desk.doorkeeper.issue(call.body)


def token_info(call: Call) -> Document:
    """Tell what a token is."""
    return call.desk.doorkeeper.info(call.body.get("token"))


OPERATIONS = (
    Operation(method="POST", path="/oauth2/token", handler=token, guarded=False),
    Operation(method="POST", path="/oauth2/token-info", handler=token_info, guarded=False),
)
