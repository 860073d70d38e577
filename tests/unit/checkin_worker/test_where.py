"""Whatever decides who handles an update is asked where the update is handled, in no other thread."""

from aiogram import F
from aiogram.types import CallbackQuery, User

from checkin_worker.handlers import router
from checkin_worker.where import Where

PRESS = CallbackQuery(id="1", from_user=User(id=7, is_bot=False, first_name="V"), chat_instance="", data="leaf:12")


async def test_an_update_passes_if_what_it_must_hold_is_found_and_brings_what_is_kept_of_it() -> None:
    found = await Where(F.data.regexp(r"^leaf:(\d+)$").as_("leaf"))(PRESS)
    assert found["leaf"].group(1) == "12"
    assert await Where(F.data == "leaf:12")(PRESS)


async def test_an_update_that_does_not_hold_it_does_not_pass() -> None:
    assert not await Where(F.data.regexp(r"^page:(\d+)$").as_("leaf"))(PRESS)
    assert not await Where(F.message.location)(PRESS)


def test_no_handler_and_no_filter_of_ours_is_asked_in_a_thread() -> None:
    observers = [observer for room in router().chain_tail for observer in room.observers.values()]
    handlers = [handler for observer in observers for handler in observer.handlers]
    asked = [one for handler in handlers for one in (handler, *(handler.filters or ()))]
    assert len(handlers) > 30
    assert [one.callback for one in asked if not one.awaitable] == []
