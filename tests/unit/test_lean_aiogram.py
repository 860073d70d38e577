"""aiogram imported leanly is small, and is the same aiogram; each claim in a process of its own."""

import asyncio
import sys

LIMIT_MIB = 120
"""What any service but the geo worker may hold."""

USES_IT = """
import pydantic
from aiogram.client.default import Default
from aiogram.methods import EditMessageText, GetWebhookInfo, SendMessage
from aiogram.types import Message, Update

person = {"id": 5100000007, "is_bot": False, "first_name": "Ləman"}
chat = {"id": 5100000007, "type": "private", "first_name": "Ləman"}
place = {"latitude": 40.37, "longitude": 49.85}
message = {"message_id": 1, "date": 1783000000, "chat": chat, "from": person, "location": place}
message["reply_to_message"] = {"message_id": 0, "date": 0, "chat": chat}
update = Update.model_validate({"update_id": 1, "message": message})
assert update.message.location.latitude == 40.37, update
assert update.message.from_user.full_name == "Ləman", update
assert Message.model_validate(message).chat.id == 5100000007
assert SendMessage(chat_id=1, text="x").model_dump()["text"] == "x"
assert isinstance(SendMessage(chat_id=1, text="x").parse_mode, Default)
assert EditMessageText(chat_id=1, message_id=2, text="x").message_id == 2
assert GetWebhookInfo().model_dump() == {}
for wrong in ({"update_id": "x"}, {"update_id": 1, "message": {"message_id": 1}}):
    try:
        Update.model_validate(wrong)
    except pydantic.ValidationError:
        continue
    raise AssertionError(wrong)
"""

PRINTS_MEMORY = """
from pathlib import Path
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1])
"""

EVERY_MODEL = """
from aiogram import methods, types
models = [getattr(module, name) for module in (types, methods) for name in module.__all__]
models = [model for model in models if isinstance(model, type) and issubclass(model, pydantic.BaseModel)]
for model in models:
    model.model_rebuild()
    assert model.__pydantic_complete__, model
assert len(models) > 500, len(models)
"""

BUILT_WHEN_ASKED = """
from aiogram.types import Update
assert not Update.__pydantic_complete__
shared.lean_aiogram.build(Update)
assert Update.__pydantic_complete__
"""

REMEMBERS_PYDANTIC = "from pydantic import BaseModel\nbuild = BaseModel.__dict__['model_rebuild']\n"
PYDANTIC_IS_UNTOUCHED = "assert BaseModel.__dict__['model_rebuild'] is build\n"


async def python(code: str) -> str:
    """Run the code in an interpreter for which warnings are errors, as here; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-c", code),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_the_services_that_use_it_are_small_even_both_in_one_process() -> None:
    kilobytes = await python(f"import checkin_worker.app, sender.app{USES_IT}{PRINTS_MEMORY}")
    assert int(kilobytes) / 1024 < LIMIT_MIB


async def test_every_model_of_aiogram_can_still_be_built() -> None:
    await python(f"import shared.lean_aiogram{USES_IT}{EVERY_MODEL}")


async def test_nothing_is_built_before_it_is_used_and_pydantic_is_left_as_it_was() -> None:
    await python(f"{REMEMBERS_PYDANTIC}import shared.lean_aiogram\n{PYDANTIC_IS_UNTOUCHED}{BUILT_WHEN_ASKED}")


async def test_aiogram_imported_before_it_is_none_the_worse() -> None:
    await python(f"{REMEMBERS_PYDANTIC}import aiogram\nimport shared.lean_aiogram\n{PYDANTIC_IS_UNTOUCHED}{USES_IT}")
