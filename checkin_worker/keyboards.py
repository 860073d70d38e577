"""Owns the buttons: the one persistent location button, and rows of inline ones."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup

from shared.texts import Texts


def location_button(texts: Texts) -> ReplyKeyboardMarkup:
    """The button that sends a location; it stays until another one comes."""
    button = KeyboardButton(text=texts.say("button-location"), request_location=True)
    return ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, is_persistent=True)


def inline(*rows: list[tuple[str, str]]) -> InlineKeyboardMarkup:
    """Rows of buttons below a message, each a label and the data (1 to 64 bytes) that pressing it sends."""
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=label, callback_data=data) for label, data in row] for row in rows]
    )
