"""Templates and words -> compiled, tried out, and found by language.

Ours lie in the folder beside this file. A folder of the user's own goes before it, file by file: a template
(`sale_start.html`, or `sale_start.de.html` for one language), and words (`de.toml`) key by key; the words of a further
language (`lt.toml`) add that language. What the templates are given is on top of `view`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from babel import Locale, UnknownLocaleError
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ticket_pipeline.errors import ConfigError

_OURS = Path(__file__).parent / "templates"
_FALLBACK = "en"
#: What a template may trip over when it runs.
_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
#: What words may speak of, between braces.
_SPOKEN_OF = {"title": "", "name": "", "price": "", "instant": "", "count": ""}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one message."""

    subject: str
    text: str
    html: str
    push_title: str
    push_body: str


_FILES = Parts(
    subject="sale_start.subject.txt",
    text="sale_start.txt",
    html="sale_start.html",
    push_title="sale_start.push_title.txt",
    push_body="sale_start.push_body.txt",
)


class Templates:
    """The templates of all languages, compiled once."""

    def __init__(self, folder: Path | None = None, *, locale: str = _FALLBACK) -> None:
        """Compile; those whose language we do not speak, or do not know, are written to in `locale`.

        Raises:
            ConfigError: naming the file, the line and what is wrong.
        """
        if folder is not None and not folder.is_dir():
            raise ConfigError(f"announcements.templates: {folder} is no folder; make it, or leave the setting out")
        folders = [folder, _OURS] if folder else [_OURS]
        self.words = {language: _words(language, folders) for language in sorted(_languages(folders))}
        self._environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(each) for each in folders]),
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._compiled = {language: dict(self._compile(language)) for language in self.words}
        self._locale = self._spoken(locale)
        if self._locale is None:
            raise ConfigError(f"no words in {locale!r}; there are: {', '.join(self.words)}")

    def locale_of(self, tag: str | None) -> Locale:
        """Give the locale to write in, for a BCP 47 tag: its own where we have its words."""
        found = self._spoken(tag) if tag else None
        return found or self._locale or Locale(_FALLBACK)

    def words_of(self, locale: Locale) -> Mapping[str, str]:
        """Give the words of a locale's language."""
        return self.words[locale.language]

    def render(self, locale: Locale, variables: Mapping[str, Any]) -> Parts:
        """Render all parts.

        Raises:
            ConfigError: naming the template, the line and what is wrong.
        """
        compiled = self._compiled[locale.language]
        return Parts(**{part: _render(template, variables) for part, template in compiled.items()})

    def _spoken(self, tag: str) -> Locale | None:
        try:
            locale = Locale.parse(tag.strip().replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            return None
        return locale if locale.language in self.words else None

    def _compile(self, language: str) -> Iterator[tuple[str, Template]]:
        for part, name in vars(_FILES).items():
            stem, _, ending = name.rpartition(".")
            try:
                yield part, self._environment.select_template([f"{stem}.{language}.{ending}", name])
            except TemplateSyntaxError as error:
                raise ConfigError(f"{error.filename or error.name}:{error.lineno}: {error.message}") from error
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                raise ConfigError(f"{name}: cannot be read as a template: {error}") from error


def _render(template: Template, variables: Mapping[str, Any]) -> str:
    try:
        return template.render(variables)
    except _MISTAKES as error:
        name = str(template.filename or template.name)
        raise ConfigError(f"{name}:{_line(error.__traceback__, name)}: {error}") from error


def _line(traceback: TracebackType | None, name: str) -> int:
    """Find the line of the template where it went wrong."""
    line = 1
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == name:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _languages(folders: list[Path]) -> set[str]:
    return {path.stem for folder in folders for path in folder.glob("*.toml")}


def _words(language: str, folders: list[Path]) -> dict[str, str]:
    files = [path for folder in reversed(folders) if (path := folder / f"{language}.toml").exists()]
    words: dict[str, str] = {}
    for path in files:
        words |= _read(path)
    if lacking := sorted(_ours().keys() - words.keys()):
        raise ConfigError(f"{files[-1]}: lacks the words {', '.join(lacking)}; see {_OURS / 'en.toml'}")
    return words


def _ours() -> dict[str, str]:
    return _read(_OURS / f"{_FALLBACK}.toml")


def _read(path: Path) -> dict[str, str]:
    try:
        Locale(path.stem)
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnknownLocaleError as error:
        raise ConfigError(f"{path}: {path.stem!r} is no language; name the file after one: en.toml, pt.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for key, text in words.items():
        if not isinstance(text, str):
            raise ConfigError(f"{path}: {key} must be a text")
        _check_braces(path, key, text)
    return words


def _check_braces(path: Path, key: str, text: str) -> None:
    try:
        text.format_map(_SPOKEN_OF)
    except (LookupError, ValueError, AttributeError) as error:
        allowed = ", ".join(f"{{{word}}}" for word in _SPOKEN_OF)
        raise ConfigError(f"{path}: {key}: what stands between braces must be one of {allowed}") from error
