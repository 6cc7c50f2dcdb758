"""The declared pipeline: read whole or refused with file, line, key, value and what is allowed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ticket_pipeline import config
from ticket_pipeline.channels.smtp import connect
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.settings import ApiKeyAuth, AppAuth, CounterSettings, Pipeline

GOOD = """
state: sqlite:///state.db
server:
  public_url: https://tickets.example.org
  allowed_origins: ["https://www.example.org"]
sites:
  box_office:
    wix:
      auth: {kind: api_key, api_key: "${WIX_API_KEY}", site_id: "${WIX_SITE_ID}"}
      webhook_public_key: ["one", "two"]
    sync:
      destination: {kind: sql, url: "sqlite:///ticketing.db", table: tickets}
      mapping:
        title: name
        price: {from: price.value, as: decimal}
        code: "WIX-{id}"
      on_delete: archive
      max_delete_fraction: 0.2
      on_drift: overwrite
"""
ENVIRONMENT = {"WIX_API_KEY": "very-secret", "WIX_SITE_ID": "a-site"}


def load(tmp_path: Path, text: str = GOOD, **environment: str) -> Pipeline:
    path = tmp_path / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(str(path), ENVIRONMENT | environment)


def refused(tmp_path: Path, old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    return str(caught.value).replace(str(tmp_path), "")


def test_a_declared_pipeline_is_read_whole(tmp_path: Path) -> None:
    site = load(tmp_path).sites["box_office"]
    assert isinstance(site.wix.auth, ApiKeyAuth)
    assert site.wix.auth.api_key.get_secret_value() == "very-secret"
    assert site.wix.base_url == "https://www.wixapis.com"
    assert site.wix.requests_per_minute == 200
    assert site.sync is not None
    assert site.sync.destination.model_dump()["table"] == "tickets"


def test_a_relative_database_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    pipeline = load(tmp_path)
    assert pipeline.state == f"sqlite:///{tmp_path}/state.db"
    sync = pipeline.sites["box_office"].sync
    assert sync is not None
    assert sync.destination.model_dump()["url"] == f"sqlite:///{tmp_path}/ticketing.db"


def test_a_state_that_is_not_declared_lies_beside_the_file_too(tmp_path: Path) -> None:
    pipeline = load(tmp_path, GOOD.replace("state: sqlite:///state.db", ""))
    assert pipeline.state == f"sqlite:///{tmp_path}/.ticket-pipeline/state.db"


def test_an_app_is_another_way_in(tmp_path: Path) -> None:
    app = "auth: {kind: app, app_id: a, app_secret: s, instance_id: i}"
    text = GOOD.replace('auth: {kind: api_key, api_key: "${WIX_API_KEY}", site_id: "${WIX_SITE_ID}"}', app)
    assert isinstance(load(tmp_path, text).sites["box_office"].wix.auth, AppAuth)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "table: tickets",
            "tabel: tickets",
            "/my.yaml:12: sites.box_office.sync.destination.tabel: unknown setting 'tabel'; did you mean 'table'? "
            "allowed: kind, table, url",
        ),
        (
            "table: tickets}",
            "table: tickets, on_drift: report}",
            "unknown setting 'on_drift'; allowed: kind, table, url; 'on_drift' belongs beside 'destination', "
            "not inside it",
        ),
        (
            "kind: sql",
            "kind: sqll",
            "sync.destination: unknown kind 'sqll'; did you mean 'sql'? allowed: eventbrite, memory",
        ),
        ("kind: api_key,", "", "/my.yaml:9: sites.box_office.wix.auth: has no `kind`"),
        ("on_delete: archive", "on_delete: burn", "'burn' is not allowed; allowed: 'archive' or 'delete'"),
        (
            "max_delete_fraction: 0.2",
            "max_delete_fraction: 20",
            "/my.yaml:18: sites.box_office.sync.max_delete_fraction",
        ),
        ("  box_office:", "  Box-Office:", "/my.yaml:7: sites.Box-Office: 'Box-Office' should match pattern"),
        ("  box_office:", "  wix:", "sites.wix: 'wix' is taken"),
        ("sites:\n", "stes:\n", "/my.yaml:6: stes: unknown setting 'stes'; did you mean 'sites'?"),
        ("title: name", "title: nmae", "/my.yaml:14: sites.box_office.sync.mapping.title: unknown path 'nmae'"),
        ("as: decimal", "as: dezimal", "/my.yaml:15: sites.box_office.sync.mapping.price: unknown transform"),
        ('site_id: "${WIX_SITE_ID}"', "", "sites.box_office.wix.auth.site_id: is missing"),
        ("https://tickets.example.org", "tickets.example.org", "/my.yaml:4: server.public_url: 'tickets.example.org'"),
        ('["https://www.example.org"]', "https://a.example", "allowed_origins: 'https://a.example' should be a list"),
        ("kind: api_key,", "", "wix.auth: has no `kind`; allowed: api_key, app"),
        (
            '"${WIX_API_KEY}"',
            "123",
            "/my.yaml:9: sites.box_office.wix.auth.api_key: the secret should be a text; put it",
        ),
        ('"${WIX_SITE_ID}"', "2026-01-01", "auth.site_id: 2026-01-01 should be a text; put it in quotes"),
        ('["one", "two"]', "5", "/my.yaml:10: sites.box_office.wix.webhook_public_key: 5 should be a text"),
        ("0.2", "much", "max_delete_fraction: 'much' should be a number"),
        ("on_delete: archive", "on_delete:", "on_delete: an empty value is not allowed; allowed: 'archive' or"),
        ("state: sqlite:///state.db", "state: mysql://localhost/x", "/my.yaml:2: state: unknown database 'mysql'"),
        ("state: sqlite:///state.db", "state: state.db", "/my.yaml:2: state: this is not a database URL"),
        (
            GOOD[GOOD.index("    sync:") :],
            "",
            "/my.yaml:7: sites.box_office: declares nothing to do; add sync, counters",
        ),
        (GOOD[GOOD.index("sites:") :], "sites: {}", "/my.yaml:6: sites: is empty; name at least one"),
        (GOOD[GOOD.index("sites:") :], "sites: [a]", "/my.yaml:6: sites: a list should be a mapping, lines of"),
        (GOOD[GOOD.index("sites:") :], "sites:", "/my.yaml:6: sites: is empty; it should be a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(tmp_path, old, new)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("freshness_limit: soon", "freshness_limit: 'soon' should be a duration, such as 90s, 5m, 2h or 1d"),
        ("freshness_limit: [2]", "freshness_limit: a list should be a duration"),
        ("sweep_every: ", "sweep_every: is empty; it should be a duration"),
        ("low_stock: 1.5", "low_stock: 1.5 should be a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_what_it_should_be(tmp_path: Path, declared: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        counters(tmp_path, declared)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_told_as_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.yaml:1: this file is empty; run `ticket-pipeline init`"):
        load(tmp_path, text)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = refused(tmp_path, "on_delete: archive\n", "on_delete: burn\n      on_drfit: report\n")
    assert ["on_delete" in line or "on_drfit" in line for line in text.splitlines()] == [True, True]


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="WIX_API_KEY is not set"):
        config.load(str(path), {"WIX_SITE_ID": "a"})


def test_no_message_and_no_value_shows_a_secret(tmp_path: Path) -> None:
    text = GOOD.replace("on_drift: overwrite", "on_drift: ${WIX_API_KEY}")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "very-secret" not in str(caught.value)
    assert "${WIX_API_KEY}" in str(caught.value)
    assert "very-secret" not in repr(load(tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wix:\n", "wix:\n      -\n"),
        ('auth: {kind: api_key, api_key: "${WIX_API_KEY}", site_id: "${WIX_SITE_ID}"}', 'auth: ["${WIX_API_KEY}"]'),
        ('auth: {kind: api_key, api_key: "${WIX_API_KEY}", site_id: "${WIX_SITE_ID}"}', "auth: very-secret"),
        ("state: sqlite:///state.db", 'state: ["${WIX_API_KEY}"]'),
        ('url: "sqlite:///ticketing.db"', 'url: {password: "${WIX_API_KEY}"}'),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(tmp_path: Path, old: str, new: str) -> None:
    assert "very-secret" not in refused(tmp_path, old, new)


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    assert "123456" not in refused(tmp_path, '"${WIX_API_KEY}"', "123456")


@pytest.mark.parametrize("text", ["", "[]", "just words", "sites: {}"])
def test_a_file_that_declares_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.yaml"):
        load(tmp_path, text)


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; write one with `ticket-pipeline init"):
        config.load(str(tmp_path / "none.yaml"), {})


def test_the_file_is_found_by_option_then_variable_then_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.find(None, {}) is None
    (tmp_path / "pipeline.yaml").touch()
    assert config.find(None, {}) == Path("pipeline.yaml")
    assert config.find(None, {"TICKET_PIPELINE_CONFIG": "b.yaml"}) == Path("b.yaml")
    assert config.find("a.yaml", {"TICKET_PIPELINE_CONFIG": "b.yaml"}) == Path("a.yaml")


def test_without_any_file_the_sandbox_pipeline_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pipeline = config.load(None, {})
    assert pipeline.sites["box_office"].wix.base_url.startswith("http://127.0.0.1:")
    assert str(tmp_path) in pipeline.state


def test_the_sandbox_pipeline_brings_its_people_and_keeps_what_became_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config.load(None, {})
    people = tmp_path / ".ticket-pipeline" / "subscribers.csv"
    assert people.read_text(encoding="utf-8") == config.packaged("sandbox/subscribers.csv")
    people.write_text("email,name,status,locale,opt_ins\n", encoding="utf-8")
    config.load(None, {})
    assert len(people.read_text(encoding="utf-8").splitlines()) == 1
    assert [each.name for each in people.parent.iterdir()] == ["subscribers.csv"]


def test_a_pipeline_of_ones_own_brings_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["my.yaml"]


def test_where_nobody_may_write_the_sandbox_pipeline_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ticket-pipeline").touch()
    with pytest.raises(ConfigError, match=r"subscribers\.csv: cannot be written .*folder of yours"):
        config.load(None, {})


def test_the_sandbox_pipelines_mails_go_where_the_sandbox_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = config.load(None, {config.SANDBOX_MAIL_VARIABLE: "smtp://127.0.0.1:1234"}).sites["box_office"]
    assert found.announcements is not None
    (channel,) = found.announcements.channels
    assert connect(channel).identity == "smtp://127.0.0.1:1234"  # type: ignore[arg-type]  # declared as its kind is


def counters(tmp_path: Path, declared: str) -> CounterSettings:
    site = load(tmp_path, f"{GOOD}    counters: {{{declared}}}\n").sites["box_office"]
    assert site.counters is not None
    return site.counters


@pytest.mark.parametrize("limit", ["29s", "0s", "-90"])
def test_a_number_may_be_shown_for_half_a_minute_at_least(tmp_path: Path, limit: str) -> None:
    with pytest.raises(ConfigError, match=r"counters.freshness_limit: .* is not allowed; allowed: 30s or more"):
        counters(tmp_path, f"freshness_limit: {limit}")
    assert counters(tmp_path, "freshness_limit: 30s").freshness_limit == timedelta(seconds=30)


def test_a_guid_is_taken_in_any_letters_and_other_ids_as_they_are(tmp_path: Path) -> None:
    guid = "1D0F7E5A-9C1B-4E7E-8F53-0B1C2D3E4F5A"
    declared = counters(tmp_path, f'definitions: ["{guid}", "{guid}-VIP", "Front-Row"]')
    assert declared.rules.definitions == frozenset({guid.lower(), f"{guid}-VIP", "Front-Row"})


def test_the_template_that_init_writes_is_a_good_pipeline(tmp_path: Path) -> None:
    load(tmp_path, config.packaged("pipeline_template.yaml"))


def test_the_shipped_schema_is_the_one_of_the_models() -> None:
    shipped = json.loads(config.packaged("pipeline.schema.json"))
    assert shipped == config.json_schema(), "run `make schema`"
