"""The server and the command line read a Dagster project's components as one pipeline, without Dagster."""

from pathlib import Path

import pytest

from ticket_pipeline import config
from ticket_pipeline.defs_yaml import fill, project_root, read_components
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.yaml_source import Source, read_documents

ONE = """\
type: ticket_pipeline.WixTickets
attributes:
  site: {site}
  wix: {{auth: {{kind: api_key, api_key: "{{{{ env.KEY }}}}", site_id: s}}}}
  counters: {{definitions: all}}
"""
OTHERS = "type: dagster.DefsFolderComponent\n---\ntype: ticket_pipeline.WixTicket\nattributes: {}\n---\n- a list\n"
ENVIRONMENT = {"KEY": "k"}


@pytest.fixture
def defs(tmp_path: Path) -> Path:
    """Make a project's folder of components."""
    (tmp_path / "pyproject.toml").write_text("[tool.dg]\n", encoding="utf-8")
    folder = tmp_path / "src" / "shop" / "defs"
    folder.mkdir(parents=True)
    return folder


def put(defs: Path, name: str, text: str) -> Path:
    path = defs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def one(site: str, **more: str) -> str:
    return ONE.format(site=site) + "".join(f"  {key}: {value}\n" for key, value in more.items())


def test_a_file_is_a_pipeline_whose_paths_are_the_projects(defs: Path, tmp_path: Path) -> None:
    pipeline = config.load(str(put(defs, "east/defs.yaml", one("east"))), ENVIRONMENT)
    assert list(pipeline.sites) == ["east"]
    assert pipeline.state == f"sqlite:///{tmp_path}/.ticket-pipeline/state.db"


def test_a_folder_is_all_the_components_in_it_and_nothing_else(defs: Path) -> None:
    put(defs, "east/defs.yaml", f"{one('east')}---\n{one('south')}---\n{OTHERS}")
    put(defs, "halls/west/defs.yml", one("west"))
    put(defs, "other/defs.yaml", OTHERS)
    put(defs, "other/notes.yaml", "{{ not even YAML")
    put(defs, ".trash/defs.yaml", one("gone"))
    assert list(config.load(str(defs), ENVIRONMENT).sites) == ["east", "south", "west"]


def test_where_there_is_no_component_of_ours_it_says_so(defs: Path) -> None:
    put(defs, "other/defs.yaml", OTHERS)
    with pytest.raises(ConfigError, match=r"defs: there is no component of the type ticket_pipeline\.WixTickets in it"):
        config.load(str(defs), {})
    with pytest.raises(ConfigError, match=r"none/defs\.yaml: cannot be read"):
        config.load(str(defs / "none" / "defs.yaml"), {})


def test_a_site_declared_twice_is_refused(defs: Path) -> None:
    put(defs, "a/defs.yaml", one("east"))
    put(defs, "b/defs.yaml", one("east"))
    with pytest.raises(ConfigError, match=r"b/defs\.yaml:3: site: 'east' is declared twice"):
        config.load(str(defs), ENVIRONMENT)


@pytest.mark.parametrize(
    ("beside", "value", "line"), [("state", "sqlite:///other.db", 6), ("server", "{public_url: https://x.example}", 6)]
)
def test_sites_that_are_served_together_have_one_state_and_one_server(
    beside: str, value: str, line: int, defs: Path
) -> None:
    put(defs, "a/defs.yaml", one("east"))
    file = put(defs, "b/defs.yaml", one("west", **{beside: value}))
    with pytest.raises(ConfigError, match=rf"b/defs\.yaml:{line}: {beside}: is not that of 'east'"):
        config.load(str(defs), ENVIRONMENT)
    assert list(config.load(str(file), ENVIRONMENT).sites) == ["west"]
    put(defs, "a/defs.yaml", one("east", **{beside: value}))
    assert list(config.load(str(defs), ENVIRONMENT).sites) == ["east", "west"]


def test_a_project_is_found_by_its_file_and_else_it_is_the_folder_itself(defs: Path, tmp_path: Path) -> None:
    assert project_root(defs / "east" / "defs.yaml") == tmp_path
    (defs.parent / "dg.toml").write_text("", encoding="utf-8")
    assert project_root(defs / "east" / "defs.yaml") == defs.parent
    assert project_root(defs.parent) == defs.parent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ env.KEY }}", "k"),
        ("{{ env('NONE', 'd') }}-{{ env.KEY }}", "d-k"),
        ("{{ env.DIGITS }}", "007"),
        ("{{ env.PEM }}", "-----\nabc\n"),
        ("{{ origins }}", ["a", "b"]),
        ("{% if env('ON', '') %}on{% else %}off{% endif %}", "off"),
        ("event:{event.slug}", "event:{event.slug}"),
        ("12345", "12345"),
        ("", ""),
    ],
)
def test_a_template_is_filled_in_and_a_text_stays_a_text(text: str, value: object) -> None:
    source = Source(name="defs.yaml", data={"here": [text]}, lines={("here", 0): 3})
    environment = {"KEY": "k", "DIGITS": "007", "PEM": "-----\nabc\n"}
    assert fill(source, {"origins": ["a", "b"]}, environment).data == {"here": [value]}
    assert source.data == {"here": [text]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ env.NONE }}", "the environment variable NONE is not set"),
        ("{{ mine }}", "'mine' is undefined"),
        ("{{ mine }}!", "'mine' is undefined"),
        ("{{ env.KEY", "unexpected end of template"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ ().__class__ }}", "unsafe"),
        ("{{ env.__class__ }}", "unsafe"),
        ("${KEY:-x}", "here it is {{ env.KEY }}"),
    ],
)
def test_what_cannot_be_filled_in_is_told_with_its_line(text: str, said: str) -> None:
    source = Source(name="defs.yaml", data={"here": [text]}, lines={("here", 0): 3})
    with pytest.raises(ConfigError, match=r"^defs\.yaml:3: here\.0: ") as caught:
        fill(source, {}, {"KEY": "very-secret"})
    assert said in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_lines_are_those_of_the_file_in_every_document(defs: Path) -> None:
    file = put(defs, "a/defs.yaml", f"{one('east')}---\n{one('west')}")
    assert [each.lines["site",] for each in read_components(file)] == [3, 9]
    assert [each.data["type"] for each in read_documents(file.read_text(encoding="utf-8"), name="x")] == [
        "ticket_pipeline.WixTickets"
    ] * 2
    file.write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"defs\.yaml:2: the key 'a' stands here twice"):
        read_components(file)
