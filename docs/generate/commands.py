"""The command line's reference, from the commands themselves."""

from collections.abc import Iterator

import click

from docs.generate.markdown import code, sentence, table
from ticket_pipeline.cli import main

#: What nearly every command takes; explained once, on the page.
_COMMON = {"config_path": "`--config`", "site": "`--site`", "json": "`--json`"}


def reference() -> str:
    """Write a section for each command, in alphabetical order."""
    return "\n\n".join(_section(["ticket-pipeline", name], command) for name, command in sorted(main.commands.items()))


def _section(words: list[str], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(words), terminal_width=200)
    parts = [f"## `{' '.join(words)}`" if len(words) == 2 else f"### `{' '.join(words)}`"]
    parts.append(f"```text\n{context.get_usage().replace('Usage: ', '')}\n```")
    parts += list(_about(command))
    options = [each for each in command.params if isinstance(each, click.Option)]
    if own := [each for each in options if each.name not in _COMMON]:
        parts.append(table(("option", "default", "what it does"), (_option(each, context) for each in own)))
    parts.append(f"Takes {', '.join(_COMMON[each.name] for each in options if each.name in _COMMON)}.")
    if isinstance(command, click.Group):
        parts += [_section([*words, name], each) for name, each in sorted(command.commands.items())]
    return "\n\n".join(parts)


def _about(command: click.Command) -> Iterator[str]:
    """Give the help's paragraphs; one that begins with a mark is as it is written."""
    for paragraph in (command.help or "").split("\n\n"):
        text = paragraph.strip()
        if text.startswith("\b"):
            lines = [line.strip() for line in text.removeprefix("\b").strip().splitlines()]
            yield "```text\n" + "\n".join(lines) + "\n```"
        else:
            yield sentence(" ".join(text.split()))


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
    shown = option.default if option.show_default and not option.is_flag else ""
    return code(", ".join(option.opts) + metavar), code(str(shown)), sentence(option.help or "")
