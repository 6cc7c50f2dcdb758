"""The component in other people's projects: found by `dg`, checked as a pipeline.yaml is, no trouble to others."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.core.package_entry import discover_entry_point_package_objects
from dagster.components.core.snapshot import get_package_entry_snap
from dagster_shared.serdes.objects import EnvRegistryKey

import ticket_pipeline
from ticket_pipeline import config
from ticket_pipeline.defs_yaml import TYPE
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.component import WixTickets
from ticket_pipeline.orchestration.component_scaffold import site_name
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.settings import ApiKeyAuth, SiteSettings
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.dg_project import GOOD, Project, dg_project

KEY = EnvRegistryKey.from_typename(TYPE)
#: Digits only, which a template would make a number of.
DIGITS = "0012345678901234567"


@pytest.fixture
def project() -> Iterator[Project]:
    """Make an empty project."""
    with dg_project() as made:
        yield made


def test_dg_finds_it_with_a_description_and_a_schema() -> None:
    snap = get_package_entry_snap(KEY, discover_entry_point_package_objects()[KEY])
    assert snap.summary == (
        "Keep a ticketing system, live counters and sale-start announcements in step with one Wix Events site."
    )
    assert snap.component_schema is not None
    assert set(snap.component_schema["required"]) == {"site", "wix"}
    assert "scaffold-target" in snap.features
    assert snap.produces


def test_whoever_imports_the_package_does_not_wait_for_dagster() -> None:
    loaded = "import sys, ticket_pipeline.cli; dir(ticket_pipeline); print('dagster' in sys.modules, end='')"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout == "False"
    assert "WixTickets" in dir(ticket_pipeline)
    assert ticket_pipeline.WixTickets is WixTickets
    with pytest.raises(AttributeError, match="no attribute 'WixTicket'"):
        _ = ticket_pipeline.WixTicket  # type: ignore[attr-defined] # there is none


def test_five_lines_make_the_assets_of_a_site(project: Project) -> None:
    project.write(GOOD)
    with project.loaded() as definitions:
        keys = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}
    assert keys == {
        f"box_office/{asset}"
        for asset in ("webhook_inbox", "events", "ticket_definitions", "external_records", "ticket_sync")
    }
    assert not (project.root / ".ticket-pipeline").exists()


def test_it_is_read_as_a_pipeline_yaml_is(project: Project, tmp_path: Path) -> None:
    text = (
        "state: sqlite:///mine.db\nsites:\n"
        "  box_office:\n    wix:\n      auth: {kind: api_key, api_key: k, site_id: s}\n"
        "    sync:\n      destination: {kind: sql, url: sqlite:///t.db, table: tickets}\n      mapping: {title: name}\n"
        "    counters: {definitions: all, sweep_every: 7m}\n"
    )
    (tmp_path / "pipeline.yaml").write_text(text, encoding="utf-8")
    site = text.partition("  box_office:\n")[2].replace("\n    ", "\n  ").removeprefix("  ")
    there = project.declared(f"type: {TYPE}\nattributes:\n  site: box_office\n  state: sqlite:///mine.db\n{site}")
    here = config.load(str(tmp_path / "pipeline.yaml"), {})
    for part in SiteSettings.model_fields:
        declared = getattr(here.sites["box_office"], part)
        assert repr(getattr(there.sites["box_office"], part)) == repr(declared).replace(
            str(tmp_path), str(project.root)
        )
    assert there.state == here.state.replace(str(tmp_path), str(project.root))


def test_relative_paths_are_the_projects(project: Project) -> None:
    pipeline = project.declared(GOOD)
    assert pipeline.state == f"sqlite:///{project.root}/.ticket-pipeline/state.db"
    site = Wiring(pipeline).site("box_office")
    assert site.place == f"sql:sqlite:{project.root}/ticketing.db#tickets"
    site.database.close()


def test_the_environment_fills_templates_and_texts_stay_texts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIX_API_KEY", DIGITS)
    text = GOOD.replace("api_key: sandbox-api-key", 'api_key: "{{ env.WIX_API_KEY }}"')
    text = text.replace("  sync:", "    requests_per_minute: \"{{ env('WIX_LIMIT', '77') }}\"\n  sync:")
    wix = project.declared(text).sites["box_office"].wix
    assert isinstance(wix.auth, ApiKeyAuth)
    assert wix.auth.api_key.get_secret_value() == DIGITS
    assert wix.requests_per_minute == 77
    assert DIGITS not in repr(project.component(text))


MISTAKES = {
    "an unknown key": (
        "  sync:",
        "  counter: {}\n  sync:",
        ":7: counter: unknown setting 'counter'; did you mean 'counters'?",
    ),
    "an unknown kind": (
        "kind: sql,",
        "kind: sqll,",
        ":8: sync.destination: unknown kind 'sqll'; did you mean 'sql'?",
    ),
    "a wrong type": (
        "  sync:",
        "    requests_per_minute: many\n  sync:",
        ":7: wix.requests_per_minute: 'many' should be",
    ),
    "a mapping that cannot work": (
        "  sync:\n",
        "  sync:\n    mapping: {title: nmae}\n",
        ":8: sync.mapping.title: unknown path 'nmae'; did you mean 'name'",
    ),
    "a bad name": ("site: box_office", "site: Box", ":3: site: 'Box' should match pattern"),
    "no name": ("  site: box_office\n", "", ":2: site: is missing (What you call the site"),
    "nothing to do": (GOOD[GOOD.index("  sync:") :], "", ":2: the file: "),
    "a variable that is not set": (
        "api_key: sandbox-api-key",
        'api_key: "{{ env.NOT_THERE }}"',
        ":6: wix.auth.api_key: {{ env.NOT_THERE }}: the environment variable NOT_THERE is not set",
    ),
    "a name of nothing": (
        "api_key: sandbox-api-key",
        'api_key: "{{ my_key }}"',
        ":6: wix.auth.api_key: {{ my_key }}: 'my_key' is undefined",
    ),
    "a variable as in a pipeline.yaml": (
        "api_key: sandbox-api-key",
        'api_key: "${WIX_API_KEY}"',
        ":6: wix.auth.api_key: ${WIX_API_KEY} is how a pipeline.yaml says it; here it is {{ env.WIX_API_KEY }}",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line_by_dagster_and_by_the_command_line(
    old: str, new: str, said: str, project: Project
) -> None:
    assert old in GOOD
    file = project.write(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        config.load(str(file), {})
    assert f"{file}{said}" in str(caught.value)
    assert f"{file.relative_to(project.root)}{said}" in project.refusal()


def test_what_the_environment_holds_is_in_no_message(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "psst-very-secret")
    text = GOOD.replace("kind: api_key,", 'kind: "{{ env.SECRET }}", ').replace(
        "site: box_office", 'site: "{{ env.SECRET }}"'
    )
    project.write(text)
    said = project.refusal()
    assert "{{ env.SECRET }}" in said
    assert "psst" not in said


def test_attributes_may_come_from_python_too() -> None:
    attributes = {"site": "here", "wix": {"auth": {"kind": "api_key", "api_key": "k", "site_id": "s"}}, "counters": {}}
    assert list(WixTickets.from_attributes_dict(attributes=attributes).pipeline.sites) == ["here"]
    with pytest.raises(ConfigError, match=r"sites?: is missing"):
        WixTickets.from_attributes_dict(attributes={})


def test_sites_stand_beside_each_other_and_beside_what_is_there(project: Project, sandbox: RunningSandbox) -> None:
    class Refusing(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:
            raise AssertionError(f"asked to store {obj!r} of {context.asset_key}")

        def load_input(self, context: dg.InputContext) -> object:
            raise AssertionError(f"asked to load for {context.asset_key}")

    @dg.asset(key=["mine", "events"])
    def mine() -> None: ...

    good = GOOD.replace("http://127.0.0.1:9", sandbox.base_url)
    project.write(good, "one")
    project.write(f"{good}---\n{good}".replace("box_office", "west").replace("site: west", "site: east", 1), "two")
    with project.loaded() as ours:
        theirs = dg.Definitions(assets=[mine], executor=dg.multiprocess_executor, resources={"io_manager": Refusing()})
        definitions = dg.Definitions.merge(theirs, ours)
        dg.Definitions.validate_loadable(definitions)
        names = [Names(site) for site in ("box_office", "east", "west")]
        assert {each.name for each in definitions.sensors or ()} >= {each.webhook_sensor for each in names}
        with dg.DagsterInstance.ephemeral() as instance:
            for each in names[1:]:
                for job in (each.refresh_job, each.reconcile_job):
                    assert definitions.resolve_job_def(job).execute_in_process(instance=instance).success
            assert instance.get_dynamic_partitions("box_office_events") == []
            assert instance.get_materialized_partitions(names[1].key("ticket_sync"))


def test_two_components_of_one_site_are_refused(project: Project) -> None:
    project.write(GOOD, "one")
    project.write(GOOD, "two")
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="box_office"), project.loaded():
        pass


@pytest.mark.parametrize(
    ("folder", "name"),
    [("box_office", "box_office"), ("Big-Hall 2", "big_hall_2"), ("2nd", "box_office"), ("wix", "box_office")],
)
def test_a_scaffolded_file_is_called_as_its_folder_and_is_a_good_one(folder: str, name: str, project: Project) -> None:
    path = project.sandbox.scaffold_component(WixTickets, folder)
    assert site_name(folder) == name
    text = (path / "defs.yaml").read_text(encoding="utf-8")
    with project.loaded() as definitions:
        assert {spec.key.path[0] for spec in definitions.resolve_all_asset_specs()} == {name}
    uncommented = _uncommented(text)
    environment = {"WIX_WEBHOOK_PUBLIC_KEY": "k", "SMTP_PASSWORD": "p", "WIX_API_KEY": "k", "WIX_SITE_ID": "s"}
    (path / "defs.yaml").write_text(uncommented, encoding="utf-8")
    site = config.load(str(path / "defs.yaml"), environment).sites[name]
    assert site.counters
    assert site.announcements


def _uncommented(text: str) -> str:
    """Take the marks away before whatever can be chosen beside what is."""
    return re.sub(r"(?m)^(  )# (?= *(?:- \{|[a-z_]+:))", r"\1", text)
