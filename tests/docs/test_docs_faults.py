"""`docs/faults.md` is written by the campaign itself; it tells of the scenarios that there are, and of no others."""

import re

from tests.docs.pages import quoted, rows
from tests.faults.campaign import CAMPAIGN
from tests.faults.matrix import DOCUMENT

REMEDY = "`make faults RUNS=3 WRITE=1` writes the page anew"
NOT_PLAYED = re.compile(r"^- `([a-z-]+)`: ", re.MULTILINE)


def test_the_page_names_each_scenario_of_the_campaign_played_or_not_and_says_what_is_done_today() -> None:
    page = DOCUMENT.read_text()
    played = {quoted(row[0])[0]: row[1] for row in rows(page)}
    today = {scenario.name: scenario.what for scenario in CAMPAIGN}
    assert {*played, *NOT_PLAYED.findall(page)} == set(today), REMEDY
    assert played == {name: today[name] for name in played}, REMEDY
