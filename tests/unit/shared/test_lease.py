"""What a process knows of the right from what the broker feeds it; tests/unit/sender/test_law.py plays it in full."""

from shared.lease import LEASE, Knock, Lease, Will

NOW = 100.0


def fed_back(lease: Lease, tag: int, now: float) -> list[int]:
    """Publish a knock that comes back at once."""
    return lease.knocked(lease.knock(now), tag, now)


def others(by: str, *, sign: bool = True) -> Knock:
    return Knock(by, 7, 55555.0, sign=sign)


def test_who_is_fed_begins_a_lease_later_if_its_signs_come_back() -> None:
    lease = Lease("me", NOW)
    lease.fed(NOW)
    assert (lease.active, lease.held(NOW), lease.begins_in(NOW)) == (True, False, LEASE)
    assert not lease.held(NOW + LEASE), "no sign of its own has come back"
    fed_back(lease, 1, NOW + 1)
    assert lease.held(NOW + LEASE)
    assert lease.held_for(NOW + LEASE + 0.25) == 0.25
    assert not lease.held(NOW + 1 + LEASE)


def test_a_knock_from_before_the_broker_fed_us_does_not_count() -> None:
    lease = Lease("me", NOW)
    early = lease.knock(NOW)
    assert not early.sign
    assert lease.knocked(early, 1, NOW) == [1], "worth nothing, but it tells that we are fed"
    assert lease.active
    assert not lease.counted
    assert lease.eager
    assert lease.knock(NOW).sign
    assert not lease.eager


def test_a_sign_is_always_in_hand_others_until_our_own_is_back_then_our_latest() -> None:
    lease = Lease("me", NOW)
    assert lease.knocked(others("standby", sign=False), 1, NOW) == [1]
    assert lease.knocked(others("a"), 2, NOW) == []
    assert lease.knocked(others("b"), 3, NOW) == []
    assert fed_back(lease, 4, NOW) == [2, 3]
    assert fed_back(lease, 5, NOW) == [4]


def test_anothers_sign_ends_what_we_hold_since_it_was_active_meanwhile() -> None:
    lease = Lease("me", NOW)
    fed_back(lease, 1, NOW)
    fed_back(lease, 2, NOW)
    fed_back(lease, 3, NOW + 1)
    epoch, now = lease.epoch, NOW + LEASE
    assert lease.held(now)
    on_its_way = lease.knock(now)
    lease.knocked(others("a"), 4, now)
    lease.knocked(on_its_way, 5, now)
    assert (lease.held(now), lease.counted, lease.epoch) == (False, False, epoch + 1)
    assert lease.begins_in(now) == LEASE


def test_a_will_is_believed_once_our_sign_is_back_if_all_signs_found_are_of_its_author() -> None:
    lease = Lease("me", NOW)
    lease.bequeathed(Will("a", b"estate"), 55.0, NOW)
    lease.knocked(others("a"), 1, NOW)
    assert not lease.held(NOW)
    fed_back(lease, 2, NOW)
    assert lease.held(NOW)
    assert lease.inheritance == (55.0, b"estate")


def test_a_will_is_not_believed_without_its_authors_sign_or_beside_anothers() -> None:
    for found in ([], ["b"], ["a", "b"]):
        lease = Lease("me", NOW)
        for tag, by in enumerate(found):
            lease.knocked(others(by), tag, NOW)
        lease.bequeathed(Will("a", b"estate"), 55.0, NOW)
        fed_back(lease, 8, NOW)
        fed_back(lease, 9, NOW)
        assert lease.counted
        assert not lease.held(NOW)
        assert lease.held(NOW + LEASE - 1e-6) is False
        assert lease.inheritance is None


def test_a_will_that_comes_when_we_hold_by_waiting_changes_nothing() -> None:
    lease = Lease("me", NOW)
    lease.knocked(others("a"), 1, NOW)
    fed_back(lease, 2, NOW + 1)
    epoch = lease.epoch
    lease.bequeathed(Will("a", b"estate"), 55.0, NOW + LEASE)
    assert lease.held(NOW + LEASE)
    assert (lease.inheritance, lease.epoch) == (None, epoch)


def test_only_who_holds_has_something_to_bequeath_and_nobody_holds_after_leaving() -> None:
    lease = Lease("me", NOW)
    assert not lease.leave(NOW)
    lease = Lease("me", NOW)
    fed_back(lease, 1, NOW)
    fed_back(lease, 2, NOW + 1)
    assert lease.leave(NOW + LEASE)
    assert not lease.held(NOW + LEASE)
    assert not lease.active
