"""Rules: how one field of a record is made, and how a declaration becomes one.

A declaration is a path (`name`), a template (`"WIX-{id}"`), `{from: a path or template, as: a transform, …}`,
`{value: a constant}` or `{each: options, fields: {…}}`; `default` beside `from` stands in for null.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ticket_pipeline.mapping.texts import Text
from ticket_pipeline.mapping.transform import Transform
from ticket_pipeline.mapping.transforms import make
from ticket_pipeline.mapping.values import AbsentError, UnfitError, as_decimal, as_text, constant, type_of
from ticket_pipeline.mapping.view import OPTION, FieldType, Path, Source, find_path, names
from ticket_pipeline.model.record import Part, Scalar, Value
from ticket_pipeline.words import unknown

#: The field that holds the Wix id over there: written by the destination on create, and by nobody else.
ID_FIELD = "wix_ticket_definition_id"
Paths = Mapping[str, Path]
_MISSING = object()


class RefusedError(ValueError):
    """A value that a rule refused, on its way up to the record."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        """Keep the field's name, the value and what is wrong with it."""
        super().__init__(f"{field}: {value!r} {reason}")
        self.field, self.value, self.reason = field, value, reason


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one field is made."""

    name: str
    type: FieldType
    #: Where the value comes from, for people.
    source: str
    #: Gives the value, or raises RefusedError.
    read: Callable[[Source], Value]
    #: The rules of one part, where the field is a list of parts.
    parts: tuple["Rule", ...] = ()


def compile_rules(declared: Mapping[str, object], paths: Paths, where: str, problems: list[str]) -> tuple[Rule, ...]:
    """Make a rule of each declaration, in their order; what is wrong is added to `problems`, a sentence each."""
    rules = []
    for name, declaration in declared.items():
        try:
            _check_name(name)
            rules.append(_compile(name, declaration, paths, f"{where}.{name}", problems))
        except ValueError as error:
            problems.append(f"{where}.{name}: {error}")
    return tuple(rules)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError("a field's name is a text; put it in quotes")
    if name == ID_FIELD:
        raise ValueError("this field holds the Wix id, is written on create and never again; take it out")


def _compile(name: str, declaration: object, paths: Paths, where: str, problems: list[str]) -> Rule:
    if isinstance(declaration, str):
        return _from(name, {"from": declaration}, paths)
    if not isinstance(declaration, Mapping):
        raise ValueError(f"write a path, a template or a constant ({{value: {declaration!r}}}), not {declaration!r}")
    if "each" in declaration:
        return _each(name, declaration, paths, where, problems)
    if "from" in declaration:
        return _from(name, declaration, paths)
    if "value" in declaration:
        return _constant(name, declaration, paths)
    _only(declaration, {"from", "value", "each"})
    raise ValueError("a declaration needs one of: from, value, each")


def _each(name: str, declaration: Mapping[str, object], paths: Paths, where: str, problems: list[str]) -> Rule:
    lists = [each for each, path in paths.items() if path.type == "parts"]
    if declaration["each"] not in lists:
        raise ValueError(unknown("list", declaration["each"], lists))
    _only(declaration, {"each", "fields"})
    fields = declaration.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        raise ValueError("each needs fields: {name: path, …}")
    rules = compile_rules(fields, OPTION, where, problems)

    def read(source: Source) -> Value:
        options = enumerate(source.definition.pricing.options)
        return tuple(_part(name, rules, source._replace(option=option, position=at)) for at, option in options)

    return Rule(name=name, type="parts", source="each of options", read=read, parts=rules)


def _part(name: str, rules: tuple[Rule, ...], source: Source) -> Part:
    try:
        return {rule.name: rule.read(source) for rule in rules}  # type: ignore[misc]  # OPTION has no list to nest
    except RefusedError as error:
        raise RefusedError(f"{name}[{source.position}].{error.field}", error.value, error.reason) from None


def _constant(name: str, declaration: Mapping[str, object], paths: Paths) -> Rule:
    _only(declaration, {"value", "as"} if "as" not in declaration else {*declaration} - {"default"})
    found = _scalar("value", declaration["value"])
    path = Path(name="value", type=type_of(found), read=lambda _: found, about="constant")
    options = {key: value for key, value in declaration.items() if key not in {"value", "as"}}
    transform = _transform(path, declaration.get("as"), options, paths)
    return _rule(name, path, transform, _MISSING, f"constant {as_text(found)!r}" + _shown(declaration, options))


def _from(name: str, declaration: Mapping[str, object], paths: Paths) -> Rule:
    origin = declaration["from"]
    if not isinstance(origin, str):
        raise ValueError(f"from takes a path or a template, not {origin!r}")
    if "as" not in declaration:
        _only(declaration, {"from", "as", "default"})
    path = _template(origin, paths) if "{" in origin or "}" in origin else _path(origin, paths)
    options = {key: value for key, value in declaration.items() if key not in {"from", "as", "default"}}
    transform = _transform(path, declaration.get("as"), options, paths)
    default = declaration.get("default", _MISSING)
    return _rule(name, path, transform, default, origin + _shown(declaration, options))


def _rule(name: str, path: Path, transform: Transform | None, default: object, source: str) -> Rule:
    made = path.type if transform is None else transform.type
    fallback = _MISSING if default is _MISSING else _default(default, made)
    absent: Scalar = None if fallback is _MISSING else fallback  # type: ignore[assignment]  # a scalar, not the mark

    def read(wanted: Source) -> Value:
        value = path.read(wanted)
        if value is None:
            return absent
        if transform is None:
            return value  # type: ignore[return-value]  # the view's own types, told by Path.type
        try:
            return transform(value, wanted)
        except AbsentError as error:
            if fallback is not _MISSING:
                return absent
            raise RefusedError(name, value, str(error)) from None
        except UnfitError as error:
            raise RefusedError(name, value, str(error)) from None

    return Rule(name=name, type=made, source=source, read=read)


def _transform(path: Path, name: object, options: Mapping[str, object], paths: Paths) -> Transform | None:
    if name is None:
        return Text() if path.raw else None
    transform = make(name, options)
    if path.type not in transform.takes and not path.raw:
        raise ValueError(f"{name} takes {', '.join(sorted(transform.takes))}; {path.name!r} is {path.type}")
    for option in transform.paths:
        _path(getattr(transform, option), paths)
    return transform


def _path(name: str, paths: Paths) -> Path:
    found = find_path(name, paths)
    if found is None:
        raise ValueError(unknown("path", name, names(paths)))
    if found.type == "parts":
        raise ValueError(f"{name!r} is a list; write {{each: {name}, fields: {{…}}}}")
    return found


def _template(text: str, paths: Paths) -> Path:
    """Make a path of a template: null where all it names is null, else null reads as nothing."""
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"not a template: {error}; write {{{{ and }}}} for braces") from None
    if any(spec or conversion for _, _, spec, conversion in pieces):
        raise ValueError("a template holds paths only, as in {price.value}; use `as:` for anything else")
    named = [(literal, None if path is None else _path(path, paths)) for literal, path, _, _ in pieces]

    def read(source: Source) -> object:
        found = [(literal, None if path is None else path.read(source)) for literal, path in named]
        if all(value is None for _, value in found) and any(path for _, path in named):
            return None
        return "".join(literal + ("" if value is None else as_text(value)) for literal, value in found)

    return Path(name=text, type="text", read=read, about="template")


def _default(value: object, wanted: FieldType) -> Scalar:
    found = _scalar("default", value)
    if wanted == "decimal" and type_of(found) == "integer":
        return as_decimal(found)
    if found is not None and type_of(found) != wanted:
        raise ValueError(f"default {as_text(found)!r} is {type_of(found)}, the field is {wanted}")
    return found


def _scalar(what: str, value: object) -> Scalar:
    try:
        return constant(value)
    except UnfitError as error:
        raise ValueError(f"{what} {value!r} {error}") from None


def _only(declaration: Mapping[str, object], allowed: set[str]) -> None:
    for key in declaration:
        if key not in allowed:
            raise ValueError(unknown("key", key, sorted(allowed)))


def _shown(declaration: Mapping[str, object], options: Mapping[str, object]) -> str:
    if declaration.get("as") is None:
        return ""
    written = ", ".join(f"{key}: {value}" for key, value in options.items())
    return f" as {declaration['as']}" + (f" ({written})" if written else "")
