"""As whom a report connects to the primary."""

import pytest
from pydantic import SecretStr

from checkin_worker.reports.login import as_reader
from checkin_worker.settings import WorkerSettings

HOW = "one:5432,two:5433/fleet?statement_cache_size=0&sslmode=verify-full"
PRIMARY = f"postgresql://worker:w%40@{HOW}&sslcert=%2Fw"


def led(*replicas: str) -> str:
    # copied, since there are no such certificates to look into
    urls = {"database_url": SecretStr(PRIMARY), "database_replica_urls": SecretStr(",".join(replicas))}
    settings = WorkerSettings(
        database_url=SecretStr("postgresql://not-asked"),
        rabbitmq_url=SecretStr("amqp://not-asked"),
        telegram_bot_token=SecretStr("1:token"),
        telegram_bot_username="checkin_bot",
    )
    return as_reader(settings.model_copy(update=urls)).database_url.get_secret_value()


@pytest.mark.parametrize(
    ("replica", "url"),
    [
        (
            "postgresql://reader:r%40@three:6432/other?target_session_attrs=standby",
            f"postgresql://reader:r%40@{HOW}",
        ),
        (
            "postgresql://three/fleet?user=reader&sslcert=%2Fr&sslkey=%2Fk&sslrootcert=%2Fother",
            f"postgresql://{HOW}&user=reader&sslcert=%2Fr&sslkey=%2Fk",
        ),
    ],
)
def test_a_report_goes_where_the_primary_is_as_who_reads_the_replica(replica: str, url: str) -> None:
    assert led(replica) == url


def test_the_first_replica_that_names_a_login_says_which() -> None:
    assert led("postgresql://three/fleet", "postgresql://reader@four/fleet").startswith("postgresql://reader@one:")


@pytest.mark.parametrize("replicas", [[], ["postgresql://three/fleet"]])
def test_where_nobody_is_named_it_goes_as_the_worker(replicas: list[str]) -> None:
    assert led(*replicas) == PRIMARY
