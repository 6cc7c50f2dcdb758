"""Templates of the user's own, beside ours."""

from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.messages.sale_messages import SaleMessages
from ticket_pipeline.messages.templates import Templates
from ticket_pipeline.messages.trial import load_templates
from ticket_pipeline.model.message import Message
from ticket_pipeline_tests.messages.sales import reader, sale

LITHUANIAN = (Path(__file__).parents[2] / "ticket_pipeline/messages/templates/en.toml").read_text(encoding="utf-8")


def told(templates: Templates, name: str | None = "Ann", locale: str | None = "en") -> Message:
    return SaleMessages(templates, sale()).to(
        reader(name, locale), key="key", unsubscribe_url="https://tickets.example.org/u"
    )


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_template_goes_before_ours_and_the_others_stay(tmp_path: Path) -> None:
    templates = load_templates(write(tmp_path, "sale_start.subject.txt", "Now: {{ event.title }}"))
    assert told(templates).subject == "Now: Night of the Long Songs"
    assert told(templates).html == told(load_templates()).html


def test_a_template_of_one_language_is_for_that_language(tmp_path: Path) -> None:
    templates = load_templates(write(tmp_path, "sale_start.subject.de.txt", "Jetzt: {{ event.title }}"))
    assert told(templates, locale="de-AT").subject == "Jetzt: Night of the Long Songs"
    assert told(templates).subject == "Night of the Long Songs: tickets are on sale now"


def test_words_go_before_ours_key_by_key(tmp_path: Path) -> None:
    templates = load_templates(write(tmp_path, "en.toml", 'button = "Buy"'))
    assert "Buy:" in told(templates).text
    assert "tickets are on sale now" in told(templates).subject


def test_words_of_a_further_language_add_it(tmp_path: Path) -> None:
    templates = load_templates(write(tmp_path, "lt.toml", LITHUANIAN.replace("Get tickets", "Pirkti")))
    message = told(templates, locale="lt-LT")
    assert "Pirkti" in message.text
    assert "2026 m. gruodžio 19 d." in message.text
    assert message.language == "lt-LT"


def test_whose_language_we_do_not_speak_is_written_to_in_the_declared_one() -> None:
    templates = load_templates(locale="de-AT")
    assert told(templates, locale="pl").language == "de-AT"
    with pytest.raises(ConfigError, match="no words in 'pl'"):
        load_templates(locale="pl")


def test_a_template_that_looks_at_the_name_is_rendered_for_each(tmp_path: Path) -> None:
    text = "{{ name.split()[0] | upper if name else 'you' }}, {{ event.title }}"
    templates = load_templates(write(tmp_path, "sale_start.subject.txt", text))
    messages = SaleMessages(templates, sale())
    subjects = [messages.to(reader(name), key="k").subject for name in ("Ann Lee", "Bob Lee", None)]
    assert subjects == [f"{who}, Night of the Long Songs" for who in ("ANN", "BOB", "you")]


def test_a_subject_is_one_line_whatever_a_template_makes_of_it(tmp_path: Path) -> None:
    templates = load_templates(write(tmp_path, "sale_start.subject.txt", "a\n\nBcc: x@example.org\n"))
    assert told(templates).subject == "a Bcc: x@example.org"


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("sale_start.html", "<p>\n{{ event.title }\n", "sale_start.html:2", "unexpected"),
        ("sale_start.txt", "\n\n{% if name %}\n", "sale_start.txt:3", "Unexpected end"),
        ("sale_start.txt", "ok\n{{ event.titel }}", "sale_start.txt:2", "titel"),
        ("sale_start.txt", "ok\n\n{{ evnt }}", "sale_start.txt:3", "'evnt' is undefined"),
        ("sale_start.html", "\n{{ 1 / tiers | length }}", "sale_start.html:2", "division"),
        ("sale_start.push_body.txt", "{{ ''.__class__.__mro__ }}", "sale_start.push_body.txt:1", "unsafe"),
        ("sale_start.de.html", "{% include 'mine.html' %}", "sale_start.de.html:1", "mine.html"),
        ("en.toml", "button = ", "en.toml", "cannot be read"),
        ("en.toml", "button = 3", "en.toml", "button must be a text"),
        ("en.toml", 'subject = "{titel}"', "en.toml", "subject: what stands between braces must be one of {title}"),
        ("en.toml", 'subject = "{"', "en.toml", "subject: what stands between braces"),
        ("lt.toml", 'subject = "x"', "lt.toml", "lacks the words button"),
        ("klingon.toml", 'subject = "x"', "klingon.toml", "is no language"),
    ],
)
def test_a_broken_file_is_named_with_its_line_before_anybody_waits(
    tmp_path: Path, name: str, text: str, where: str, what: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_templates(write(tmp_path, name, text))
    assert f"{tmp_path}/{where}" in str(error.value)
    assert what in str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"announcements\.templates: .*nowhere is no folder"):
        load_templates(tmp_path / "nowhere")
