"""What polling does with updates of which it cannot read the number."""

import msgspec
import pytest
from pydantic import SecretStr

from ingress.intake import Intake
from ingress.polling import Polling
from shared.errors import Undecodable
from shared.publisher import Headers, Publisher
from shared.topology import INGRESS_TURN, UPDATES
from shared.turn import Turn


class Paper(Publisher):
    """Keeps what is published, instead of a broker."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, bytes]] = []

    async def publish(
        self, queue: str, body: bytes, *, key: str, headers: Headers | None = None, expires: float | None = None
    ) -> None:
        del key, headers, expires
        self.kept.append((queue, body))


GOOD = b'{"update_id":8,"message":{"from":{"id":5}}}'
POISON = b'{"update_id":-7,"message":"\xff"}'


def polling(paper: Paper) -> Polling:
    return Polling(Intake(paper), Turn(INGRESS_TURN), "http://telegram", SecretStr("1:token"))


async def test_what_has_no_number_is_dead_and_passed_over_with_the_next_that_has_one() -> None:
    paper = Paper()
    asking = polling(paper)
    await asking._hand_over([msgspec.Raw(POISON), msgspec.Raw(GOOD)])  # noqa: SLF001 - the rest asks a server
    assert asking._offset == 9  # noqa: SLF001 - what Telegram is told
    assert paper.kept == [(UPDATES.dead, POISON), (UPDATES.name, GOOD)]


async def test_where_nothing_has_a_number_telegram_is_not_asked_again_at_once() -> None:
    with pytest.raises(Undecodable):
        await polling(Paper())._hand_over([msgspec.Raw(POISON)])  # noqa: SLF001 - as above
