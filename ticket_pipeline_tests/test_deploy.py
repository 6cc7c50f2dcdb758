"""The image: a Dockerfile that its linter likes, built of what it names, run by nobody."""

import json
import re
import subprocess
import tomllib

from ticket_pipeline_tests.deploying import DEPLOY, ROOT, program

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Each instruction on one line, without comments.
INSTRUCTIONS = re.sub(r"(?m)^#.*\n|\\\n\s*", "", DOCKERFILE).splitlines()


def said(instruction: str) -> list[str]:
    return [each.partition(" ")[2] for each in INSTRUCTIONS if each.startswith(f"{instruction} ")]


def test_the_linter_has_nothing_to_say() -> None:
    told = subprocess.run(
        [program("hadolint"), "--failure-threshold", "style", DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_the_image_is_run_by_a_number_that_is_not_root() -> None:
    assert said("USER") == ["10001:10001"]


def test_what_is_started_is_the_first_process_and_hears_the_signal_to_stop() -> None:
    (command,) = said("CMD")
    assert json.loads(command)[:2] == ["ticket-pipeline", "serve"]
    assert said("ENTRYPOINT") == []


def test_what_the_image_installs_is_declared_and_pinned() -> None:
    (extras,) = (each.partition("=")[2] for each in said("ARG") if each.startswith("EXTRAS="))
    assert set(extras.split(",")) <= PROJECT["project"]["optional-dependencies"].keys()
    assert "--constraint constraints.txt" in DOCKERFILE


def test_no_secret_is_built_into_the_image() -> None:
    assert not re.search(r"(?i)secret|password|token|api_key", "\n".join(INSTRUCTIONS))


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    copied = {name for each in said("COPY") if "--from" not in each for name in each.split()[:-1]}
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_what_the_wheel_is_built_from_is_copied() -> None:
    copied = {name for each in said("COPY") for name in each.split()[:-1]}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = {*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"]}
    assert named | set(PROJECT["project"]["license-files"]) <= copied
