"""The audience `csv`."""

import csv
import os
import stat
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.audiences._csv_index import CsvIndex
from ticket_pipeline.audiences._csv_write import unsubscribe_rows
from ticket_pipeline.audiences.csv import Config, CsvAudience, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.subscriber import Flaw, PushSubscription, Subscriber
from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.audiences.people import PENDING, SUBSCRIBED, SUPPRESSED, UNSUBSCRIBED, Person

HEADER = "email,name,status,locale,opt_ins"


class File:
    """A CSV file and its audience."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.audience = connect(Config(path=path))

    def hold(self, people: Iterable[Person]) -> None:
        new = self.path.with_suffix(".new")
        with new.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEADER.split(","))
            for each in people:
                writer.writerow([each.email, each.name, each.status, "", ";".join(each.opt_ins)])
        new.replace(self.path)

    def fold_odd_status(self) -> None:
        self.write(HEADER, "odd@example.org,,cleaned,,gala")

    def fail_midway(self) -> None:
        half = self.path.read_bytes()
        self.path.write_bytes(half[: len(half) // 2] + b'\n"half@exam')

    def write(self, *lines: str, ending: str = "\n", encoding: str = "utf-8") -> None:
        self.path.write_bytes((ending.join(lines) + ending).encode(encoding))

    def read(self) -> list[Subscriber]:
        return list(self.audience.subscribers())

    def one(self) -> Subscriber:
        (found,) = self.read()
        return found


@pytest.fixture
def file(tmp_path: Path) -> Iterable[File]:
    made = File(tmp_path / "subscribers.csv")
    yield made
    made.audience.close()


class TestContract(AudienceContract):
    """A CSV file keeps the contract."""

    @pytest.fixture
    def tool(self, file: File) -> File:
        return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_columns_of_the_contract_are_read(file: File, encoding: str, ending: str) -> None:
    file.write(HEADER, "", "Anna@Example.org,Anna,subscribed,de_AT,a; b ;;c", "", ending=ending, encoding=encoding)
    assert file.one() == Subscriber(
        id="anna@example.org",
        email="Anna@Example.org",
        name="Anna",
        status=SUBSCRIBED,
        locale="de-AT",
        opt_ins=frozenset({"a", "b", "c"}),
    )


def test_columns_may_come_in_any_order_and_case_among_others(file: File) -> None:
    file.write(" Opt_Ins ;CITY;Status;EMAIL", '"a;b";Wien; Subscribed ;x@example.org')
    found = file.one()
    assert (found.email, found.status) == ("x@example.org", SUBSCRIBED)
    assert found.opt_ins == {"a", "b"}


def test_further_columns_are_read(file: File) -> None:
    file.write(
        f"{HEADER},id,push_endpoint,push_p256dh,push_auth,channel,unsubscribe_url",
        ",,subscribed,,,7,https://push.example.org/x,BOr-_3,Cd9,Web_Push,https://example.org/u?id=7",
    )
    found = file.one()
    assert (found.id, found.email, found.flaw) == ("7", None, None)
    assert found.push == PushSubscription(endpoint="https://push.example.org/x", p256dh="BOr-_3", auth="Cd9")
    assert (found.preferred_channel, found.unsubscribe_url) == ("web_push", "https://example.org/u?id=7")


def test_a_push_subscription_is_read_as_a_browser_writes_it(file: File) -> None:
    cell = '{"endpoint": "https://push.example.org/x", "expirationTime": null, "keys": {"p256dh": "B", "auth": "C"}}'
    quoted = cell.replace('"', '""')
    file.write("email,status,opt_ins,push", f'a@example.org,subscribed,,"{quoted}"', "b@example.org,subscribed,,{")
    first, second = file.read()
    assert first.push == PushSubscription(endpoint="https://push.example.org/x", p256dh="B", auth="C")
    assert (second.push, second.flaw) == (None, None)


@pytest.mark.parametrize(
    ("row", "flaw", "status"),
    [
        (",Anna,subscribed,,", Flaw.NO_ADDRESS, PENDING),
        ("anna,Anna,subscribed,,", Flaw.INVALID_ADDRESS, PENDING),
        ("anna,Anna,suppressed,,", Flaw.INVALID_ADDRESS, SUPPRESSED),
        (f"{'a' * 300}@example.org,Anna,subscribed,,", Flaw.INVALID_ADDRESS, PENDING),
        ("a@example.org,Anna,active,,", Flaw.UNKNOWN_STATUS, PENDING),
        ("a@example.org,Anna,,,", Flaw.UNKNOWN_STATUS, PENDING),
        ("a@example.org", Flaw.UNKNOWN_STATUS, PENDING),
        ("a@example.org,Doe, John,subscribed,de,event:x", Flaw.UNREADABLE, PENDING),
        ('a@example.org,"Doe" John,subscribed,de,event:x', Flaw.UNREADABLE, PENDING),
    ],
)
def test_a_bad_row_is_listed_with_what_is_wrong_and_the_rest_goes_on(
    file: File, row: str, flaw: Flaw, status: str
) -> None:
    file.write(HEADER, row, "b@example.org,Ben,subscribed,,")
    bad, good = file.read()
    assert (bad.flaw, bad.status) == (flaw, status)
    assert (good.flaw, good.status) == (None, SUBSCRIBED)


def test_bytes_that_are_no_letters_spoil_what_they_stand_in_only(file: File) -> None:
    file.path.write_bytes(
        f"{HEADER}\na@example.org,J\xf6rg,subscribed,,\n\xf6@example.org,,subscribed,,\n".encode("latin-1")
    )
    first, second = file.read()
    assert (first.name, first.status, second.flaw) == (None, SUBSCRIBED, Flaw.INVALID_ADDRESS)
    file.audience.unsubscribe("a@example.org")
    assert b"a@example.org,J\xf6rg,unsubscribed,,\n\xf6@" in file.path.read_bytes()


def test_a_missing_file_is_named(file: File) -> None:
    for read in (file.read, lambda: list(file.audience.consent(["x"])), lambda: file.audience.unsubscribe("x")):
        with pytest.raises(ConfigError, match=r"subscribers\.csv"):
            read()
    (finding,) = file.audience.check()
    assert (finding.level, bool(finding.remedy)) == (Level.ERROR, True)


@pytest.mark.parametrize("column", ["email", "status", "opt_ins"])
def test_a_missing_column_is_named(file: File, column: str) -> None:
    file.write(HEADER.replace(column, "other"), "a@example.org,Anna,subscribed,,")
    with pytest.raises(ConfigError, match=rf"subscribers\.csv.*{column}"):
        file.read()


def test_a_column_that_stands_there_twice_is_refused(file: File) -> None:
    file.write(f"{HEADER},Status", "a@example.org,Anna,subscribed,,,unsubscribed")
    with pytest.raises(ConfigError, match="status"):
        file.read()


@pytest.mark.parametrize("content", [b"", b"\n\r\n"])
def test_an_empty_file_may_be_one_that_is_being_written(file: File, content: bytes) -> None:
    file.path.write_bytes(content)
    with pytest.raises(TransientError, match="empty"):
        file.read()


@pytest.mark.parametrize("content", [b"\xff\xfee\x00m\x00", b"SQLite format 3\x00" * 99, b"\x00" * 200_000, b'"'])
def test_what_is_no_csv_file_is_refused(file: File, content: bytes) -> None:
    file.path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"subscribers\.csv"):
        file.read()


def test_a_quote_that_took_other_rows_with_it_stops_the_reading(file: File) -> None:
    file.write(HEADER, 'a@example.org,"Anna,subscribed,,', 'b@example.org,"Ben",subscribed,,')
    with pytest.raises(ConfigError, match="line 2"):
        file.read()
    file.write(HEADER, 'a@example.org,"Anna,subscribed,,', "b@example.org,Ben,subscribed,,")
    with pytest.raises(TransientError, match="line 2"):
        file.read()


def test_a_line_without_end_is_not_read_into_memory(file: File) -> None:
    file.write(HEADER, "a" * 5_000_000)
    with pytest.raises(ConfigError, match="line 2"):
        file.read()


def test_a_file_that_is_written_over_while_it_is_read_is_an_error(file: File) -> None:
    file.hold([Person(email=f"{n}@example.org") for n in range(20_000)])
    reading = file.audience.subscribers()
    next(reading)
    with file.path.open("ab") as stream:
        stream.write(b"late@example.org,,subscribed,,\n")
    with pytest.raises(TransientError, match="changed"):
        list(reading)


def test_a_file_that_is_replaced_while_it_is_read_is_read_as_it_was(file: File) -> None:
    file.hold([Person(email=f"{n}@example.org") for n in range(2_000)])
    reading = file.audience.subscribers()
    next(reading)
    file.hold([])
    assert sum(1 for _ in reading) == 1_999


def test_an_address_listed_twice_is_as_strict_as_its_strictest_row(file: File) -> None:
    file.write(
        f"{HEADER},id",
        "anna@example.org,,subscribed,,a,1",
        "ANNA@Example.org,,unsubscribed,,b,2",
        "anna@example.org ,,subscribed,,c,1",
    )
    assert len(file.read()) == 3
    found = {each.id: each for each in file.audience.consent(["1", "2"])}
    assert {each.status for each in found.values()} == {UNSUBSCRIBED}
    assert found["1"].opt_ins == {"a", "c"}


def test_a_row_that_cannot_be_made_out_makes_its_twin_no_more_permissive(file: File) -> None:
    file.write(HEADER, "a@example.org,Doe, John,unsubscribed,,", "A@example.org,John,subscribed,,")
    (found,) = file.audience.consent(["a@example.org"])
    assert found.status is not SUBSCRIBED


def test_unsubscribing_changes_the_rows_of_the_address_and_no_other_byte(file: File) -> None:
    before = (
        '\ufeffemail;id;note;status;opt_ins\r\n'
        '"anna@example.org";1;"two\r\nlines";subscribed;"a;b"\r\n'
        "\r\n"
        'ben@example.org;2;  "odd" ;subscribed;\n'
        "ANNA@example.org;3;;pending;;\r\n"
        "anna@example.org;4;;Suppressed;"
    )  # fmt: skip
    file.path.write_bytes(before.encode())
    file.path.chmod(0o640)
    file.audience.unsubscribe("1")
    after = before.replace('"anna@example.org";1', "anna@example.org;1")
    after = after.replace('lines";subscribed', 'lines";unsubscribed').replace(";pending", ";unsubscribed")
    assert file.path.read_bytes().decode() == after
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert sorted(path.name for path in file.path.parent.iterdir()) == [".subscribers.csv.lock", "subscribers.csv"]


def test_unsubscribing_writes_through_a_link(file: File, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text(f"{HEADER}\na@example.org,,subscribed,,\n", encoding="utf-8")
    file.path.symlink_to(real)
    file.audience.unsubscribe("a@example.org")
    assert file.path.is_symlink()
    assert "unsubscribed" in real.read_text(encoding="utf-8")


def test_many_who_unsubscribe_at_once_are_all_unsubscribed(file: File) -> None:
    people = [Person(email=f"{n}@example.org") for n in range(8)]
    file.hold(people)
    audiences = [connect(Config(path=file.path)) for _ in people]
    threads = [
        threading.Thread(target=audience.unsubscribe, args=(each.email,))
        for audience, each in zip(audiences, people, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.status for each in file.read()} == {UNSUBSCRIBED}
    for audience in audiences:
        audience.close()


@pytest.mark.parametrize(("seconds", "readings"), [(10, 1), (1, 3)])
def test_the_file_is_read_once_as_long_as_it_stays_as_it_is_unless_its_times_are_too_young_to_tell(
    file: File, monkeypatch: pytest.MonkeyPatch, seconds: int, readings: int
) -> None:
    file.hold([Person(email=f"{n}@example.org") for n in range(3)])
    now = file.path.stat().st_ctime_ns + seconds * 10**9
    audience = CsvAudience(Config(path=file.path), clock=lambda: now)
    built: list[CsvIndex] = []
    fill = CsvIndex._fill

    def counted(index: CsvIndex) -> None:
        built.append(index)
        fill(index)

    monkeypatch.setattr(CsvIndex, "_fill", counted)
    for n in range(3):
        assert len(list(audience.consent([f"{n}@example.org"]))) == 1
    assert len(built) == readings
    audience.close()


def test_consent_sees_a_change_that_keeps_size_and_time(file: File) -> None:
    file.write(HEADER, "a@example.org,,subscribed,,")
    assert [each.status for each in file.audience.consent(["a@example.org"])] == [SUBSCRIBED]
    was = file.path.stat()
    file.path.write_bytes(file.path.read_bytes().replace(b"subscribed", b"suppressed"))
    os.utime(file.path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert [each.status for each in file.audience.consent(["a@example.org"])] == [SUPPRESSED]


def test_what_somebody_else_writes_meanwhile_is_not_overwritten(file: File) -> None:
    file.write(HEADER, "a@example.org,,subscribed,,")
    others = iter([lambda: file.write(HEADER, "a@example.org,,subscribed,,", "new@example.org,,subscribed,,")])

    def wanted(listed: Subscriber) -> bool:
        next(others, lambda: None)()
        return listed.id == "a@example.org"

    with suppress(TransientError):
        unsubscribe_rows(file.path, wanted)
    unsubscribe_rows(file.path, wanted)
    assert [(each.id, each.status) for each in file.read()] == [
        ("a@example.org", UNSUBSCRIBED),
        ("new@example.org", SUBSCRIBED),
    ]


def test_a_file_that_is_replaced_meanwhile_is_done_again(file: File) -> None:
    file.write(HEADER, "a@example.org,,subscribed,,")
    people = [Person(email="a@example.org"), Person(email="new@example.org")]
    others = iter([lambda: file.hold(people)])

    def wanted(listed: Subscriber) -> bool:
        next(others, lambda: None)()
        return listed.id == "a@example.org"

    unsubscribe_rows(file.path, wanted)
    assert [(each.id, each.status) for each in file.read()] == [
        ("a@example.org", UNSUBSCRIBED),
        ("new@example.org", SUBSCRIBED),
    ]


def test_a_check_says_what_is_wrong_by_count_and_not_by_name(file: File) -> None:
    file.write(HEADER, "a@example.org,,subscribed,,", "b@example.org,,cleaned,,", "nobody,,subscribed,,")
    findings = list(file.audience.check())
    assert [each.level for each in findings] == [Level.OK, Level.WARNING, Level.WARNING, Level.OK]
    assert "unknown status" in findings[1].seen
    assert not [each for each in findings if "@" in each.seen or "nobody" in each.seen]


def test_a_relative_path_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert connect(Config(path=Path("x.csv"))).identity == f"csv:{tmp_path}/x.csv"


_CELLS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["subscribed", "a@example.org", "A@example.org", '"', '""', "\r\n", ";", ",", "=1+1", "\ufeff", "\x00", " "]
)
_ROWS = st.lists(st.lists(_CELLS, min_size=5, max_size=5), max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, delimiter=st.sampled_from(",;"), ending=st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_csv_writer_writes_is_read_row_by_row(
    file: File, rows: Sequence[Sequence[str]], delimiter: str, ending: str
) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER.split(","), *rows])
    file.path.write_bytes(text.getvalue().encode())
    wanted = [row for row in rows if any(cell.strip() for cell in row)]
    found = file.read()
    assert len(found) == len(wanted)
    for row, each in zip(wanted, found, strict=True):
        assert each.email == (row[0].strip() or None)
        assert (each.status is SUBSCRIBED) == (each.flaw is None and row[2].strip().lower() == "subscribed")
        assert each.opt_ins == frozenset(mark for part in row[4].split(";") if (mark := part.strip())) or row[
            4
        ].lstrip().startswith("[")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_at_all_are_read_or_refused(file: File, content: bytes) -> None:
    file.path.write_bytes(f"{HEADER}\n".encode() + content)
    try:
        found = file.read()
        list(file.audience.consent([each.id for each in found]))
        file.audience.unsubscribe(found[0].id if found else "nobody")
    except (ConfigError, TransientError):
        return
    if found and found[0].email:
        assert all(each.status is not SUBSCRIBED for each in file.read() if each.id == found[0].id)
