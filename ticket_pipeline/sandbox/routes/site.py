"""The box office, its files, and what it asks for while it is open. Not part of Wix."""

from functools import cache
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.operation import Call, own
from ticket_pipeline.sandbox.site import page
from ticket_pipeline.sandbox.site.live import live as what_changed

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
#: Asked again at each visit; a new version of the package is seen at once.
FRESH = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}


def live(call: Call) -> Document:
    """Tell the page what changed since ?version=, ?serial=, ?table= and ?mail=."""
    serial = call.params.get("serial", "")
    return what_changed(
        call.desk,
        version=call.params.get("version", ""),
        serial=int(serial) if serial.isascii() and serial.isdigit() else 0,
        table=call.params.get("table", ""),
        mail=call.params.get("mail", ""),
    )


def box_office(request: Request) -> Response:
    """Show the box office."""
    desk: Desk = request.app.state.desk
    headers = {"content-security-policy": page.policy(desk.settings), **FRESH}
    return HTMLResponse(page.render(desk).encode(errors="replace"), headers=headers)


def packaged(request: Request) -> Response:
    """Give one of the page's files."""
    name = request.path_params["name"]
    if name not in names():
        raise HTTPException(404)
    return Response(page.file(name), headers=FRESH, media_type=MEDIA_TYPES[name.rpartition(".")[2]])


@cache
def names() -> frozenset[str]:
    """List the page's files."""
    found = (each.name for each in resources.files(page.PACKAGE).iterdir())
    return frozenset(name for name in found if name.rpartition(".")[2] in MEDIA_TYPES)


ROUTES = (Route("/", box_office), Route("/site/{name}", packaged))
OPERATIONS = (own("GET", "/live", live, patient=True),)
