"""Owns the short number of what somebody has recorded, by which they see that two messages are about the same.

A call whose answer never came is made again, and then a person may get a message twice. Whatever is said about one
entry (that it was recorded, already was, was undone) or one request for a correction carries its number.
"""

import hashlib
from typing import Final

from checkin_worker.attendance import Ref
from shared.texts import Texts

SYMBOLS: Final = "23456789CDFHJKMNPRTVWXY"
"""Read aloud or copied by hand, none is taken for another; without vowels they spell no word."""
_LENGTH: Final = 6


def entry_number(user_id: int, ref: Ref) -> str:
    """The number of the person's entry or request of this moment and update, like `4F7-K2M`; always the same.

    There are 23 ** 6, 148 million. Of somebody with 60 entries in a month two share one in one month of 84,000; the
    times beside them still differ.
    """
    moment, update_id = ref
    name = f"{user_id}:{int(moment.timestamp())}:{update_id}"
    left = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    symbols = ""
    for _ in range(_LENGTH):
        left, one = divmod(left, len(SYMBOLS))
        symbols += SYMBOLS[one]
    return f"{symbols[:3]}-{symbols[3:]}"


def numbered(said: str, number: str, texts: Texts) -> str:
    """The text with the number in its last line."""
    return f"{said}\n{texts.say('line-number', number=number)}"
