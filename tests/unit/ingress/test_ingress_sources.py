"""Who called is worked out from the right end of X-Forwarded-For, by as many proxies as there are, and by no more."""

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.settings import IngressSettings
from ingress.sources import EVERYBODY, TELEGRAM, Address, Sources, address_of, caller, networks

RANGES = [ipaddress.ip_network(network) for network in TELEGRAM]
INSIDE, OUTSIDE = "149.154.167.220", "203.0.113.9"

addresses = st.ip_addresses()
garbage = st.text(st.characters(exclude_characters=",")).filter(lambda text: address_of(text) is None)


@st.composite
def lists(draw: Callable[..., str], entries: st.SearchStrategy[str]) -> list[str]:
    """What stands left of ours, in any number of headers."""
    return [", ".join(header) for header in draw(st.lists(st.lists(entries)))]


def written(address: Address, form: int) -> str:
    """The address as one proxy or another writes it."""
    if isinstance(address, ipaddress.IPv6Address):
        return [f"{address}", f"[{address}]", f"[{address}]:443", f" {address.exploded}\t"][form]
    return [f"{address}", f"{address}:443", f"::ffff:{address}", f"[::ffff:{address}]:8"][form]


def plain(address: Address) -> Address:
    return getattr(address, "ipv4_mapped", None) or address


@given(addresses, lists(addresses.map(str) | garbage), st.text())
def test_behind_no_proxy_the_header_is_not_looked_at(peer: Address, forwarded: list[str], more: str) -> None:
    assert caller(str(peer), [*forwarded, more], 0) == plain(peer)


@given(
    st.lists(addresses, min_size=1, max_size=4),
    lists(addresses.map(str) | garbage),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_behind_proxies_it_is_what_the_outermost_wrote_whatever_stands_left_of_it(
    ours: list[Address], made_up: list[str], form: int, cut: int
) -> None:
    by_our_proxies = [written(address, form) for address in ours]
    cut = min(cut, len(ours))
    headers = [*made_up, *filter(None, [",".join(by_our_proxies[:cut]), ", ".join(by_our_proxies[cut:])])]
    assert caller("10.0.0.1", headers, len(ours)) == plain(ours[0])


@given(st.lists(addresses.map(str), max_size=3), st.integers(1, 9))
def test_fewer_entries_than_proxies_tell_nobody(entries: list[str], more: int) -> None:
    headers = [", ".join(entries)] if entries else []
    assert caller("10.0.0.1", headers, len(entries) + more) is None


@given(garbage, st.lists(addresses.map(str), max_size=3))
def test_garbage_where_our_proxy_should_have_written_tells_nobody(said: str, right: list[str]) -> None:
    assert caller("10.0.0.1", [",".join([INSIDE, said, *right])], len(right) + 1) is None


@given(st.lists(st.text(), max_size=5), st.none() | st.text(), st.integers(0, 5))
def test_no_header_makes_it_fail(forwarded: list[str], peer: str | None, proxies: int) -> None:
    refusal = Sources(RANGES, proxies).refusal(peer, forwarded)
    assert refusal is None or refusal.said


NO_ADDRESSES = (
    *("", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.04", "1.2.3.4/32", 'for="1.2.3.4"', "1.2.3.4\x00"),
    *("1.2.3.4:", "1.2.3.4:x", "1.2.3.4:123456", "1.2.3.4 5.6.7.8", "[::1", "[]", "[1.2.3.4]x", "\u0661.2.3.4"),
)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


def test_an_entry_that_a_stranger_made_up_does_not_make_them_telegram() -> None:
    one_proxy = Sources(RANGES, 1)
    assert one_proxy.refusal("10.0.0.1", [f"{INSIDE}, {OUTSIDE}"]) is not None
    assert one_proxy.refusal("10.0.0.1", [INSIDE, OUTSIDE]) is not None
    assert one_proxy.refusal("10.0.0.1", [OUTSIDE, INSIDE]) is None
    assert Sources(RANGES, 0).refusal(OUTSIDE, [INSIDE]) is not None
    assert Sources(RANGES, 0).refusal(INSIDE, [OUTSIDE]) is None


def test_why_somebody_is_refused_is_told() -> None:
    elsewhere, untold = Sources(RANGES, 0).refusal(OUTSIDE, []), Sources(RANGES, 2).refusal(OUTSIDE, [INSIDE])
    assert elsewhere is not None
    assert (elsewhere.why, elsewhere.said) == ("elsewhere", "203.0.113.9 is not in WEBHOOK_SOURCES")
    assert untold is not None
    assert (untold.why, untold.said) == ("untold", "X-Forwarded-For does not tell the caller behind 2 proxies")


def test_without_networks_everybody_may_call() -> None:
    assert EVERYBODY.refusal(None, []) is None
    assert EVERYBODY.refusal(OUTSIDE, []) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("telegram", RANGES),
        (" telegram , 10.0.0.0/8,", [*RANGES, ipaddress.ip_network("10.0.0.0/8")]),
        ("2001:db8::/32,192.0.2.1", [ipaddress.ip_network("2001:db8::/32"), ipaddress.ip_network("192.0.2.1/32")]),
        ("", []),
    ],
)
def test_the_setting_names_networks(value: str, expected: list[object]) -> None:
    assert networks(value) == frozenset(expected)


@pytest.mark.parametrize(
    "value", ["Telegram", "149.154.160.1/20", "10.0.0.0/33", "telegram 10.0.0.0/8", ",", " ", " , ,"]
)
def test_what_is_no_network_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://host")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "right")
    monkeypatch.setenv("WEBHOOK_SOURCES", value)
    with pytest.raises(ValueError, match="must be `telegram`, or networks such as"):
        IngressSettings()
