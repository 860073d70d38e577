"""aiogram's models are a second opinion about the Bot API: where they differ from our description is listed here."""

import types
import typing
from collections.abc import Iterator

import pytest
from aiogram import methods
from aiogram import types as objects
from aiogram.client.default import Default
from pydantic import BaseModel

from simulator.botapi.description import METHODS
from simulator.botapi.kinds import Thing
from simulator.botapi.objects import OBJECTS

REPLACED = {"reply_to_message_id", "allow_sending_without_reply", "disable_web_page_preview", "request_user"}
"""Telegram takes them still and documents them no more; ours must not use them."""
YOUNGER = {
    "receiver_user_id",
    "ephemeral_message_parameters",
    "ephemeral_message_id",
    "callback_query_id",
    "disabled",
    "force_reply",
    "is_ephemeral",
}
"""Of 10.2 and 10.3, of which aiogram knows and our description does not."""
DIFFER = {
    "sendDocument.thumbnail: InputFile or String, InputFile",  # aiogram uploads it only
    "setMyCommands.scope: BotCommandScope, Annotated",  # aiogram has a union of its subtypes
    "ReplyParameters.message_id: must be there, may be there",  # from 10.2 on, an ephemeral message's number may do
    "ReplyKeyboardRemove.remove_keyboard: must be there, may be there",  # aiogram fills it in
    "ForceReply.force_reply: must be there, may be there",
}
DESCRIBED = (*METHODS.values(), *OBJECTS)


def model_of(thing: Thing) -> type[BaseModel]:
    name = thing.label[0].upper() + thing.label[1:]
    found: type[BaseModel] = getattr(methods, name, None) or getattr(objects, name)
    found.model_rebuild()  # another test may have imported aiogram leanly
    return found


def label_of(annotation: object) -> str:
    """The kind as the documentation names it."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = set(typing.get_args(annotation)) - {type(None), Default}
        return " or ".join(sorted(map(label_of, parts)))
    if typing.get_origin(annotation) is list:
        return f"Array of {label_of(typing.get_args(annotation)[0])}"
    if typing.get_args(annotation) == (True,):
        return "Boolean"
    names: dict[object, str] = {int: "Integer", str: "String", bool: "Boolean"}
    return names.get(annotation) or str(getattr(annotation, "__name__", annotation))


def differences(thing: Thing) -> Iterator[str]:
    """What our description says and what aiogram's model says, for fields that both have."""
    theirs, word = model_of(thing).model_fields, {True: "must be there", False: "may be there"}
    for name, kind in thing.fields.items():
        label, needed = label_of(theirs[name].annotation), theirs[name].is_required()
        if label != kind.label:
            yield f"{thing.label}.{name}: {kind.label}, {label}"
        if needed != (name in thing.required):
            yield f"{thing.label}.{name}: {word[name in thing.required]}, {word[needed]}"


@pytest.mark.parametrize("thing", DESCRIBED, ids=lambda thing: thing.label)
def test_aiogram_knows_the_same_fields_but_for_the_old_and_the_young(thing: Thing) -> None:
    theirs = model_of(thing).model_fields.keys()
    assert thing.fields.keys() <= theirs
    assert theirs - thing.fields.keys() <= REPLACED | YOUNGER


def test_aiogram_has_the_same_kinds_but_where_it_is_said() -> None:
    assert {one for thing in DESCRIBED for one in differences(thing)} == DIFFER


def test_every_old_and_young_field_is_one_of_aiograms() -> None:
    extra = {name for thing in DESCRIBED for name in model_of(thing).model_fields.keys() - thing.fields.keys()}
    assert extra == REPLACED | YOUNGER
