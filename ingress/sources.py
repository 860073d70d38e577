"""Owns who may call the webhook, by address: the caller is worked out behind our own proxies, and compared.

Each proxy adds the address it was called from to the right end of X-Forwarded-For. What stands further left than what
our own proxies wrote may be made up, and is not looked at; behind no proxy that is all of it.
"""

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

TELEGRAM: Final = ("149.154.160.0/20", "91.108.4.0/22")
"""Where Telegram calls webhooks from (core.telegram.org/bots/webhooks)."""
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a caller is refused: for the metric, and for whoever reads the answer."""

    why: Literal["elsewhere", "untold"]
    said: str


class Sources:
    """The networks that may call, behind so many proxies of ours; no networks: everybody may.

    Args:
        networks: those of WEBHOOK_SOURCES.
        proxies: TRUSTED_PROXIES, how many of ours stand between the caller and us.
    """

    def __init__(self, networks: Collection[Network], proxies: int) -> None:
        self._networks = networks
        self._proxies = proxies

    def refusal(self, peer: str | None, forwarded: Sequence[str]) -> Refusal | None:
        """Why this caller may not call; None if it may.

        Args:
            peer: who opened the connection to us.
            forwarded: the values of all X-Forwarded-For headers, in their order.
        """
        if not self._networks:
            return None
        address = caller(peer, forwarded, self._proxies)
        if address is None:
            return Refusal("untold", f"X-Forwarded-For does not tell the caller behind {self._proxies} proxies")
        if any(address in network for network in self._networks):
            return None
        return Refusal("elsewhere", f"{address} is not in WEBHOOK_SOURCES")


EVERYBODY: Final = Sources(frozenset(), 0)


def caller(peer: str | None, forwarded: Sequence[str], proxies: int) -> Address | None:
    """Who called the outermost of our proxies; None if that is not told, or is no address."""
    if proxies == 0:
        return address_of(peer or "")
    written = ",".join(forwarded).split(",")
    return address_of(written[-proxies]) if len(written) >= proxies else None


def address_of(text: str) -> Address | None:
    """The address, with or without a port; an IPv4 address in IPv6's clothes is the IPv4 address."""
    bare = text.strip(" \t")
    if match := _WITH_PORT.fullmatch(bare):
        bare = match[1] or match[2] or ""
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def networks(value: object) -> object:
    """The networks that WEBHOOK_SOURCES names.

    Raises:
        ValueError: one is no network, or there are commas and no network: that would let everybody in.
    """
    if not isinstance(value, str):
        return value
    names = [name.strip() for name in value.split(",") if name.strip()]
    if value and not names:
        msg = "names no network: must be `telegram`, or networks such as 149.154.160.0/20; leave it out for everybody"
        raise ValueError(msg)
    try:
        return frozenset(
            ipaddress.ip_network(network) for name in names for network in (TELEGRAM if name == "telegram" else (name,))
        )
    except ValueError:
        msg = "must be `telegram`, or networks such as 149.154.160.0/20, with commas between them"
        raise ValueError(msg) from None
