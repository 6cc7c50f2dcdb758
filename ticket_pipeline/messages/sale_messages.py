"""A sale start's messages: rendered once per kind of reader, then only the name and the link are filled in."""

import re
from collections.abc import Callable

from babel import Locale
from markupsafe import escape

from ticket_pipeline.messages.plain import name_of, one_line, safe_link
from ticket_pipeline.messages.templates import Parts, Templates
from ticket_pipeline.messages.view import view
from ticket_pipeline.model.message import Message
from ticket_pipeline.model.sale_start import SaleStart
from ticket_pipeline.model.subscriber import Subscriber

#: Stand for the reader's name and link while a draft is rendered; no text of others keeps such characters.
_NAME, _LINK = "\ue0d1", "\ue0d2"
_EITHER = re.compile(f"([{_NAME}{_LINK}])")
#: A reader who shows whether filling in gives what rendering gives.
_PROBE_NAME, _PROBE_LINK = "Zoë «Q» & <Ü>", "https://probe.example/?a=1&b=2"
_SUBJECT, _PUSH_TITLE, _PUSH_BODY = 200, 120, 240

#: Fill in one part for a reader: (name, link) -> text.
_Fill = Callable[[str, str], str]


class SaleMessages:
    """Writes the messages of one sale start; may be used by several threads."""

    def __init__(self, templates: Templates, sale: SaleStart) -> None:
        """Keep what is to be told; drafts are made when the first reader of their kind comes."""
        self.link = safe_link(sale.page_url)
        self._templates = templates
        self._sale = sale
        self._locales: dict[str | None, Locale] = {}
        self._drafts: dict[tuple[Locale, bool, bool], _Draft] = {}

    def to(self, subscriber: Subscriber, *, key: str, unsubscribe_url: str | None = None) -> Message:
        """Write to one person, in their language where we have words of it.

        Raises:
            ConfigError: a template cannot be rendered; names the file, the line and what is wrong.
        """
        locale = self._locale(subscriber.locale)
        name, link = name_of(subscriber.name) or "", safe_link(unsubscribe_url) or ""
        parts = self._draft(locale, bool(name), bool(link)).fill(name, link)
        return Message(
            key=key,
            to=subscriber,
            language=str(locale).replace("_", "-"),
            subject=parts.subject,
            text=parts.text,
            html=parts.html,
            push_title=parts.push_title,
            push_body=parts.push_body,
            link=self.link,
            unsubscribe_url=link or None,
        )

    def _locale(self, tag: str | None) -> Locale:
        if tag not in self._locales:
            found = self._templates.locale_of(tag)
            if len(self._locales) > 1000:  # tags come from outside
                return found
            self._locales[tag] = found
        return self._locales[tag]

    def _draft(self, locale: Locale, named: bool, linked: bool) -> "_Draft":
        kind = (locale, named, linked)
        if kind not in self._drafts:
            self._drafts[kind] = _Draft(self._renders(locale), named=named, linked=linked)
        return self._drafts[kind]

    def _renders(self, locale: Locale) -> Callable[[str, str], Parts]:
        variables = view(self._sale, locale, self._templates.words_of(locale))
        return lambda name, link: _tidy(
            self._templates.render(locale, {**variables, "name": name or None, "unsubscribe_url": link or None})
        )


class _Draft:
    """The parts for all readers of one language, with or without a name and a link."""

    def __init__(self, render: Callable[[str, str], Parts], *, named: bool, linked: bool) -> None:
        """Render with marks in place of the name and the link, and see that filling them in is as good as rendering.

        It is not where a template of the user's own looks at the name: such a draft is rendered for each reader.
        """
        self._render = render
        marked = render(_NAME if named else "", _LINK if linked else "")
        self._text = _filling(marked.text, str)
        self._html = _filling(marked.html, lambda value: str(escape(value)))
        self._subject = _filling(marked.subject, str)
        self._push_title = _filling(marked.push_title, str)
        self._push_body = _filling(marked.push_body, str)
        probe = (_PROBE_NAME if named else "", _PROBE_LINK if linked else "")
        self._as_good = self._filled(*probe) == _limited(render(*probe))

    def fill(self, name: str, link: str) -> Parts:
        """Give the parts for one reader."""
        return self._filled(name, link) if self._as_good else _limited(self._render(name, link))

    def _filled(self, name: str, link: str) -> Parts:
        return _limited(
            Parts(
                subject=self._subject(name, link),
                text=self._text(name, link),
                html=self._html(name, link),
                push_title=self._push_title(name, link),
                push_body=self._push_body(name, link),
            )
        )


def _filling(marked: str, escaped: Callable[[str], str]) -> _Fill:
    pieces = _EITHER.split(marked)
    if len(pieces) == 1:
        return lambda _, __: marked

    def fill(name: str, link: str) -> str:
        values = {_NAME: escaped(name), _LINK: escaped(link)}
        return "".join([values.get(piece, piece) for piece in pieces])

    return fill


def _tidy(parts: Parts) -> Parts:
    text = re.sub(r"\n{3,}", "\n\n", parts.text).strip() + "\n"
    return Parts(**{**vars(parts), "text": text, "html": parts.html.strip() + "\n"})


def _limited(parts: Parts) -> Parts:
    """Keep what must be one line on one line, whatever a template made of it."""
    return Parts(
        subject=one_line(parts.subject, _SUBJECT),
        text=parts.text,
        html=parts.html,
        push_title=one_line(parts.push_title, _PUSH_TITLE),
        push_body=one_line(parts.push_body, _PUSH_BODY),
    )
