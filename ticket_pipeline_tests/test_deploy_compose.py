"""compose.yaml: read by Docker Compose itself, closed to all but a few, and in step with what it starts."""

import importlib
import json
import os
import runpy
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from ticket_pipeline_tests.deploying import DEPLOY, ROOT, program, read

#: Where each program keeps its commands.
PROGRAMS = {
    "celery": "celery.bin.celery:celery",
    "dagster": "dagster._cli:create_dagster_cli()",
    "dagster-daemon": "dagster._daemon.cli:create_dagster_daemon_cli()",
    "dagster-webserver": "dagster_webserver.cli:dagster_webserver",
    "ticket-pipeline": "ticket_pipeline.cli:main",
}
#: They hold nothing of the pipeline's, and need nothing of the world.
INSIDE = {"postgresql", "redis", "prepare", "daemon"}


def told(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Have Docker Compose read the file; it needs no engine for that."""
    compose = [program("docker-compose"), "--file", str(DEPLOY / "compose.yaml"), "--env-file", "/dev/null"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "POSTGRES_PASSWORD": "made-up", **variables}
    return subprocess.run([*compose, *arguments], capture_output=True, text=True, env=environment, check=False)


@cache
def composed() -> dict[str, Any]:
    """Give the file as Docker Compose understands it."""
    done = told("config", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return] # as JSON has it


def services() -> dict[str, dict[str, Any]]:
    return composed()["services"]  # type: ignore[no-any-return] # as JSON has it


def test_docker_compose_takes_it() -> None:
    done = told("config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_password_it_says_where_that_is_to_stand() -> None:
    done = told("config", "--quiet", POSTGRES_PASSWORD="")
    assert done.returncode != 0
    assert "deploy/.env" in done.stderr


def test_every_part_of_the_system_is_there() -> None:
    assert services().keys() == {
        *("postgresql", "redis", "prepare"),
        *("receiver", "code", "webserver", "daemon", "worker"),
    }


def test_only_the_receiver_is_published_and_to_this_host_dagsters_webserver() -> None:
    published = {name: each.get("ports", []) for name, each in services().items()}
    assert {name for name, ports in published.items() if ports} == {"receiver", "webserver"}
    assert [port["host_ip"] for port in published["webserver"]] == ["127.0.0.1"]
    assert composed()["networks"]["inside"]["internal"]
    assert {name for name, each in services().items() if each["networks"].keys() == {"inside"}} == INSIDE


@pytest.mark.parametrize(
    "name", ["postgresql", "redis", "prepare", "receiver", "code", "webserver", "daemon", "worker"]
)
def test_a_container_can_do_little(name: str) -> None:
    service = services()[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert name == "prepare" or service["healthcheck"]["test"]


def test_what_is_put_into_a_container_that_is_read_only_is_a_file() -> None:
    for name, config in composed()["configs"].items():
        assert Path(config["file"]).is_file(), name


def test_secrets_and_the_pipeline_are_where_they_are_needed() -> None:
    knowing = {name for name, each in services().items() if "TICKET_PIPELINE_CONFIG" in each.get("environment", {})}
    assert knowing == {"receiver", "code", "worker"}
    compose = read(DEPLOY / "compose.yaml")["services"]
    assert {name for name, each in compose.items() if "env_file" in each} == knowing


def test_dagsters_settings_are_those_of_many_machines() -> None:
    settings = (DEPLOY / "celery" / "dagster.yaml").read_text(encoding="utf-8")
    wanted = {line.partition("{env: ")[2].rstrip("}") for line in settings.splitlines() if "{env: " in line}
    ours = {name for name, each in services().items() if each["image"] == "ticket-pipeline"}
    for name in ours:
        assert wanted <= services()[name]["environment"].keys(), name
        assert "/opt/dagster/dagster_home/dagster.yaml" in {each["target"] for each in services()[name]["configs"]}


def test_the_code_location_has_the_name_it_has_everywhere() -> None:
    (location,) = read(DEPLOY / "workspace.yaml")["load_from"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert location["grpc_server"]["location_name"] == project["tool"]["dg"]["project"]["code_location_name"]
    command = services()["code"]["command"]
    assert str(location["grpc_server"]["port"]) == command[command.index("--port") + 1]


@pytest.mark.parametrize("name", ["prepare", "receiver", "code", "webserver", "daemon", "worker"])
def test_a_command_and_its_options_exist(name: str) -> None:
    service = services()[name]
    commands = [service["command"]]
    if asked := service.get("healthcheck", {}).get("test", []):
        commands.append(asked[1].split() if asked[0] == "CMD-SHELL" else asked[1:])
    for started, *arguments in commands:
        if started in PROGRAMS:
            assert {each for each in arguments if each.startswith("--")} <= _options(started, arguments)


def test_the_worker_is_told_what_the_workers_of_other_machines_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER", "RESULTS"):
        monkeypatch.setenv(f"TICKET_PIPELINE_{name}", f"redis://{name.lower()}/0")
    told_there = runpy.run_path(str(DEPLOY / "celery" / "dagster_celery_config.py"))
    command = services()["worker"]["command"]
    assert told_there.get("worker_disable_prefetch", False) == ("--disable-prefetch" in command)
    assert command[command.index("--prefetch-multiplier") + 1] == str(told_there["worker_prefetch_multiplier"])
    queue = read(DEPLOY / "celery" / "dagster.yaml")["run_launcher"]["config"]["default_queue"]
    assert command[command.index("--queues") + 1] == queue


def _options(started: str, arguments: list[str]) -> set[str]:
    """List the options of a program and of the commands within it that the arguments name."""
    module, _, name = PROGRAMS[started].partition(":")
    found = getattr(importlib.import_module(module), name.removesuffix("()"))
    command: click.Command = found() if name.endswith("()") else found
    options = {option for each in command.params for option in each.opts}
    for argument in arguments:
        if isinstance(command, click.Group) and argument in command.commands:
            command = command.commands[argument]
            options |= {option for each in command.params for option in each.opts}
    return options
