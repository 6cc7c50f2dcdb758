"""The mapping's reference: paths, converters, and what each destination makes of a ticket unless told otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

from docs.generate.markdown import code, sentence, table
from ticket_pipeline import destinations, kinds
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.mapping.transforms import TRANSFORMS
from ticket_pipeline.mapping.view import OPTION, TICKET, Path


def paths() -> str:
    """List what may be read of a ticket definition and its event."""
    return _paths(TICKET)


def option_paths() -> str:
    """List what may be read of a price option."""
    return _paths(OPTION)


def converters() -> str:
    """List what may follow `as:`, with options."""
    head = ("`as`", "takes", "gives", "what it does", "options")
    return table(head, (_converter(name, kind) for name, kind in TRANSFORMS.items()))


def default(kind: str) -> str:
    """List the fields of a destination's default mapping."""
    columns = build_mapping(kinds.load(destinations, kind).DEFAULT_MAPPING).columns
    rows: list[tuple[str, str, str]] = []
    for column in columns:
        rows.append((code(column.name), column.type, code(column.source)))
        rows += [(f"{code(column.name)}: {code(part.name)}", part.type, code(part.source)) for part in column.parts]
    return table(("field", "type", "made of"), rows)


def _paths(listed: Mapping[str, Path]) -> str:
    return table(("path", "type", "what it is"), ((code(each.name), each.type, each.about) for each in listed.values()))


def _converter(name: str, kind: type[Any]) -> Sequence[str]:
    gives = kind.gives if "type" not in vars(kind) else {"lookup": "what the table holds"}.get(name, "instant, or text")
    about = " ".join((kind.__doc__ or "").split())
    return [code(name), ", ".join(sorted(kind.takes)), gives, sentence(about), ", ".join(_options(kind))]


def _options(kind: type[Any]) -> Iterable[str]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        named = get_args(hints[field.name]) or (hints[field.name],)
        wanted = "table" if field.name == "table" else _WORDS[next(each for each in named if each is not type(None))]
        given = "" if field.default in {None, MISSING} else f", unless said {code(_written(field.default))}"
        yield f"{code(field.name)} ({wanted}{given})"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_WORDS = {str: "text", int: "number", bool: "true or false"}
