"""A page's commands, typed one after the other into one shell, in a folder of their own."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ticket_pipeline_tests.docs.pages import Block, Command, commands

#: What stays until it is stopped, and by which words on the screen, or which address, it is ready.
_STAYING = {
    "ticket-pipeline serve": "curl -sf http://127.0.0.1:$SERVER_PORT/healthz",
    "ticket-pipeline dev": "grep -q 'Ctrl-C stops everything.' {screen}",
}
#: Minutes, for a machine that does much else; a page takes seconds.
_PATIENCE = 900

_PRELUDE = r"""
ticket-pipeline() {
  if [ -f pipeline.yaml ]; then
    grep -q base_url: pipeline.yaml || sed -i -E "s|^( *)wix: *$|&\n\1  base_url: $WIX|" pipeline.yaml
    sed -i -E "s#smtps?://[^\"]*#smtp://127.0.0.1:$MAIL_PORT#" pipeline.yaml
  fi
  case "$1" in
    sandbox-do) shift; set -- sandbox-do --url "$WIX" "$@" ;;
    serve) shift; set -- serve --port "$SERVER_PORT" "$@" ;;
    dev) shift; set -- dev --port "$SERVER_PORT" --sandbox-port "${WIX##*:}" --dagster-port "$DAGSTER_PORT" \
           --mail-port "$MAIL_PORT" "$@" ;;
  esac
  ${stay:-command} ticket-pipeline "$@"
}
waiting=
trap 'for each in $waiting; do kill $each 2>/dev/null; done; wait' EXIT
"""
_STEP = """
{{ {typed}
}} > {out} 2> {err} < /dev/null
echo $? > {status}
"""
#: It takes the place of its shell, so that it is what is stopped at the end.
_STAYING_STEP = """
stay=exec {typed} > {out}.all 2> {err}.all < /dev/null &
last=$!; waiting="$waiting $last"
until {ready} > /dev/null 2>&1; do kill -0 $last 2> /dev/null || break; sleep 0.1; done
kill -0 $last 2> /dev/null; echo $? > {status}
cp {out}.all {out}; cp {err}.all {err}
"""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a command."""

    command: Command
    status: int | None
    out: str = field(repr=False)
    err: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Where and with what a page's commands are typed."""

    folder: Path
    #: Where the outputs are put, beside the folder.
    notes: Path
    #: What stands in for Wix.
    wix: str
    server_port: int
    dagster_port: int
    mail_port: int
    variables: Mapping[str, str] = field(default_factory=dict)

    def types(self, blocks: Iterable[Block], leave_out: Iterable[str] = ()) -> list[Done]:
        """Write the page's files and type its commands, in the page's order."""
        skipped, typed, script = set(leave_out), list[Command](), [_PRELUDE]
        for block in blocks:
            if block.file:
                script.append(self._written(block))
            if block.language == "console":
                for command in commands(block):
                    if command.typed.partition("#")[0].strip() not in skipped:
                        script.append(self._step(len(typed), command))
                        typed.append(command)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.notes.mkdir(exist_ok=True)
        self._run("\n".join(script))
        return [self._done(number, command) for number, command in enumerate(typed)]

    def _run(self, script: str) -> None:
        """Run a script, and leave nothing of it behind."""
        bash = subprocess.Popen(
            ["bash", "-c", script], cwd=self.folder, env=self._environment(), start_new_session=True
        )
        try:
            bash.wait(_PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGKILL)
            bash.wait()

    def _written(self, block: Block) -> str:
        source = self.notes / f"line{block.line}"
        self.notes.mkdir(exist_ok=True)
        source.write_text(block.text, encoding="utf-8")
        target = shlex.quote(str(block.file))
        return f'mkdir -p "$(dirname {target})" && cp {source} {target}'

    def _step(self, number: int, command: Command) -> str:
        files = {name: self.notes / f"{number}.{name}" for name in ("out", "err", "status")}
        typed = self._ported(command.typed)
        for staying, ready in _STAYING.items():
            if typed.startswith(staying):
                return _STAYING_STEP.format(typed=typed, ready=ready.format(screen=f"{files['err']}.all"), **files)
        return _STEP.format(typed=typed, **files)

    def _ported(self, typed: str) -> str:
        """Put the ports of this run where the page has the usual ones."""
        usual = {"8787": str(self.server_port), "8788": self.wix.rpartition(":")[2], "3000": str(self.dagster_port)}
        ported = re.sub(r"(?<=127\.0\.0\.1:)(8787|8788|3000)\b", lambda found: usual[found[1]], typed)
        return ported.replace(".venv/bin/ticket-pipeline", "ticket-pipeline")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "WIX": self.wix,
            "SERVER_PORT": str(self.server_port),
            "DAGSTER_PORT": str(self.dagster_port),
            "MAIL_PORT": str(self.mail_port),
            "TICKET_PIPELINE_SANDBOX_URL": self.wix,
            "TICKET_PIPELINE_SANDBOX_MAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            **self.variables,
        }

    def _done(self, number: int, command: Command) -> Done:
        def noted(name: str) -> str:
            file = self.notes / f"{number}.{name}"
            return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

        status = noted("status").strip()
        return Done(command=command, status=int(status) if status else None, out=noted("out"), err=noted("err"))
