"""A real Ghost, from its package, on SQLite: a fresh database, an owner, a key of the Admin API.

https://ghost.org/docs/install/source/ https://ghost.org/docs/admin-api/
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST, installed, run, running, wait_until

VERSION = "5.130.6"
#: Its lock file names where each package was once fetched from; here they come from where npm's do.
_FETCHED_FROM = re.compile(r'resolved "https?://[^/"]+/')


@dataclass(frozen=True, kw_only=True)
class Ghost:
    """A running Ghost."""

    url: str
    #: `id:secret`, as Ghost shows it.
    admin_api_key: str = field(repr=False)
    #: SQLite, for what its API does not let a test do.
    database: Path
    #: Signed in as the owner.
    owner: requests.Session = field(repr=False)

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Ask Ghost's Admin API; give its JSON."""
        answer = requests.request(
            method,
            f"{self.url}/ghost/api/admin/{path}",
            headers={"Authorization": f"Ghost {self._token()}", "Accept-Version": "v5.0"},
            json=body or None,
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def add_newsletter(self, name: str) -> str:
        """Make a newsletter nobody is signed up for; give its id."""
        made = self.call("POST", "newsletters/", newsletters=[{"name": name, "subscribe_on_signup": False}])
        return str(made["newsletters"][0]["id"])

    def add_member(self, email: str, **more: Any) -> dict[str, Any]:
        """Make a member."""
        member: dict[str, Any] = self.call("POST", "members/", members=[{"email": email, **more}])["members"][0]
        return member

    def add_integration(self, name: str) -> tuple[str, str]:
        """Make an integration, as only the owner can; give its id, and its key."""
        return _add_integration(self.owner, self.url, name)

    def delete_integration(self, integration_id: str) -> None:
        """Throw an integration away."""
        self.owner.delete(f"{self.url}/ghost/api/admin/integrations/{integration_id}/", timeout=30).raise_for_status()

    def _token(self) -> str:
        identity, _, secret = self.admin_api_key.partition(":")
        now = datetime.now(UTC)
        claims = {"iat": now, "exp": now + timedelta(minutes=5), "aud": "/admin/"}
        return jwt.encode(claims, bytes.fromhex(secret), algorithm="HS256", headers={"kid": identity})


@contextmanager
def running_ghost(folder: Path) -> Iterator[Ghost]:
    """Run a Ghost with an empty database in this folder."""
    if shutil.which("node") is None or shutil.which("npx") is None:
        pytest.skip("Ghost needs Node.js and npm, which are not installed")
    program = installed("ghost", _install) / "package"
    port, log = free_port(), folder / "ghost.log"
    url = f"http://{HOST}:{port}"
    content = shutil.copytree(program / "content", folder / "content")
    variables = {
        "NODE_ENV": "production",
        "url": url,
        "server__host": HOST,
        "server__port": str(port),
        "database__client": "sqlite3",
        "database__connection__filename": str(folder / "ghost.db"),
        "database__useNullAsDefault": "true",
        "mail__transport": "Direct",
        "logging__transports": '["stdout"]',
        "paths__contentPath": str(content),
        "privacy__useUpdateCheck": "false",
        "privacy__useGravatar": "false",
    }
    with running(["node", "index.js"], folder=program, log=log, variables=variables) as process:
        wait_until(lambda: requests.get(f"{url}/ghost/api/admin/site/", timeout=5).status_code == 200, process, log)
        owner = _set_up(url)
        _, key = _add_integration(owner, url, "ticket pipeline")
        yield Ghost(url=url, admin_api_key=key, database=folder / "ghost.db", owner=owner)


def _set_up(url: str) -> requests.Session:
    """Make the owner, and sign in."""
    session = requests.Session()
    session.headers.update({"Origin": url, "Accept-Version": "v5.0"})
    owner = {"name": "Owner", "email": "owner@example.org", "password": uuid4().hex, "blogTitle": "Stage"}
    _ask(session, url, "authentication/setup/", {"setup": [owner]})
    _ask(session, url, "session/", {"username": owner["email"], "password": owner["password"]})
    return session


def _add_integration(owner: requests.Session, url: str, name: str) -> tuple[str, str]:
    answer = _ask(owner, url, "integrations/?include=api_keys", {"integrations": [{"name": name}]})
    made: dict[str, Any] = answer.json()["integrations"][0]
    return made["id"], next(each["secret"] for each in made["api_keys"] if each["type"] == "admin")


def _ask(session: requests.Session, url: str, path: str, body: dict[str, Any]) -> requests.Response:
    answer = session.post(f"{url}/ghost/api/admin/{path}", json=body, timeout=60)
    assert answer.ok, answer.text
    return answer


def _install(folder: Path) -> None:
    run(["npm", "pack", "--silent", f"ghost@{VERSION}"], folder=folder)
    run(["tar", "xzf", f"ghost-{VERSION}.tgz"], folder=folder)
    program = folder / "package"
    description = json.loads((program / "package.json").read_text())
    # Its own development and its packaging are not for us, and need what is not published.
    for part in ("devDependencies", "scripts"):
        description.pop(part, None)
    (program / "package.json").write_text(json.dumps(description))
    registry = run(["npm", "config", "get", "registry"], folder=folder).strip().splitlines()[-1]
    lock = program / "yarn.lock"
    lock.write_text(_FETCHED_FROM.sub(lambda _: f'resolved "{registry}', lock.read_text()))
    yarn = ["npx", "--yes", "yarn@1", "install", "--production", "--non-interactive", "--ignore-engines"]
    run(yarn, folder=program)
