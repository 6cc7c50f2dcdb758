"""Reading the mails that the sandbox took, and unsubscribing as a mail program does. Not part of Wix."""

import requests

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.mail.letter import read
from ticket_pipeline.sandbox.mail.mailbox import Mail
from ticket_pipeline.sandbox.operation import Call, own
from ticket_pipeline.sandbox.refusals import plain

PATIENCE = 10.0


def letter(call: Call) -> Document:
    """Show one mail, as a person reads it."""
    mail = _found(call, call.path["number"])
    shown = read(mail)
    return {
        "number": mail.number,
        "at": mail.at,
        "sender": mail.sender,
        "recipients": list(mail.recipients),
        "subject": shown.subject,
        "headers": [list(each) for each in shown.headers],
        "text": shown.text,
        "html": shown.html,
        "oneClick": shown.one_click,
    }


def unsubscribe(call: Call) -> Document:
    """Do what a mail program's own button does (RFC 8058): {number}. Only the pipeline's own server is ever asked."""
    shown = read(_found(call, str(call.body.get("number"))))
    server = call.desk.settings.counter_server_url
    if shown.unsubscribe is None or not shown.one_click:
        raise plain(400, "This mail offers no one-click unsubscribing")
    if server is None:
        raise plain(400, "The sandbox was not told where the server is; start it with --counter-server-url")
    if not shown.unsubscribe.startswith(f"{server.rstrip('/')}/unsubscribe/"):
        raise plain(400, f"The link leads elsewhere than to {server}, and is not followed")
    return {"status": _posted(shown.unsubscribe)}


def _posted(url: str) -> int:
    try:
        with requests.Session() as session:
            session.trust_env = False
            body = {"List-Unsubscribe": "One-Click"}
            answer = session.post(url, data=body, timeout=PATIENCE, allow_redirects=False)
    except requests.RequestException as error:
        raise plain(502, "The server does not answer; is it running?") from error
    if answer.status_code != 200:
        raise plain(502, f"The server answered {answer.status_code}")
    return answer.status_code


def _found(call: Call, number: str) -> Mail:
    known = number.isascii() and number.isdigit() and len(number) < 10
    mail = call.desk.mailbox.get(int(number)) if known else None
    if mail is None:
        raise plain(404, "There is no such mail any more")
    return mail


OPERATIONS = (
    own("GET", "/mail/{number}", letter, patient=True),
    own("POST", "/mail/unsubscribe", unsubscribe, patient=True),
)
