"""Owns at whom a load may be aimed. Pure."""

import ipaddress
from urllib.parse import urlsplit


def refusal(host: str | None, *, owned: bool) -> str | None:
    """Why no load goes to the address, or None: to this machine it may, to others if they are the operator's own."""
    if not host:
        return "Say where the fleet's door is: --host http://127.0.0.1:8080"
    name = urlsplit(host).hostname
    if name is None or urlsplit(host).scheme not in ("http", "https"):
        return f"{host!r} is no address of a door. Try: --host http://127.0.0.1:8080"
    if owned or _is_loopback(name):
        return None
    return (
        f"{name} is not this machine. A load may bring a fleet down, and leaves its people there. Say --own-fleet "
        "(make load OWN_FLEET=1) if you operate that fleet, and keep it away from one that people use."
    )


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
