"""Connections to a PostgreSQL on another machine, of which either end may lose its power and say no farewell.

Left to itself TCP misses it after two hours, for which the server keeps the locks of a process that is gone.
https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP
"""

from typing import Any

#: Seconds of silence before it is asked whether the other end is there, between two questions, and how many are asked.
_IDLE, _INTERVAL, _COUNT = 30, 10, 3
#: By these, in the connection's URL, we miss the server.
MISS_THE_SERVER = {
    "keepalives_idle": str(_IDLE),
    "keepalives_interval": str(_INTERVAL),
    "keepalives_count": str(_COUNT),
}
_MISS_US = (
    f"SELECT set_config('tcp_keepalives_idle', '{_IDLE}', false), "
    f"set_config('tcp_keepalives_interval', '{_INTERVAL}', false), "
    f"set_config('tcp_keepalives_count', '{_COUNT}', false)"
)


def miss_us(connection: Any, _: object) -> None:
    """Have the server miss us; for SQLAlchemy's event `connect`."""
    with connection.cursor() as cursor:
        cursor.execute(_MISS_US)
    connection.commit()
