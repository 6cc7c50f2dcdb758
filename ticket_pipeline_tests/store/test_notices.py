import threading

from ticket_pipeline.store.address import read_address
from ticket_pipeline.store.database import open_database
from ticket_pipeline.store.notices import notices, passes_on


def test_only_a_server_passes_notices_on(url: str) -> None:
    database = open_database(url)
    assert passes_on(database) == (read_address(url).get_backend_name() == "postgresql")
    database.close()


def test_a_notice_is_heard_by_who_listens_until_told_to_stop(postgresql_url: str) -> None:
    database, stopping = open_database(postgresql_url), threading.Event()
    heard = notices(database, "some_channel", stopping)
    next(heard)
    with database.writing() as tx:
        tx.exec_driver_sql("NOTIFY some_channel")
        tx.exec_driver_sql("NOTIFY another_channel")
    next(heard)
    stopping.set()
    assert list(heard) == []
    database.close()
