"""What `make bench-traces` writes: each pair's ratio, the middle, and no more of the page than its own part."""

from bench.traces import MEASURED, PAGE, Pair, Round, report


def pair(off: float, on: float) -> Pair:
    return Pair(Round(off, 0), Round(on, 40))


def test_a_pair_says_how_much_more_and_the_middle_of_all_is_told() -> None:
    text = report(300, [pair(0.010, 0.0101), pair(0.010, 0.0099), pair(0.010, 0.0102)], "2026-11-29: a machine")
    assert "| 1 | 10.00 | 10.10 | +1.0% | 40 |" in text
    assert "| 2 | 10.00 | 9.90 | -1.0% | 40 |" in text
    assert "In the middle +1.0%; the goal is less than +3%." in text


def test_the_page_has_a_place_for_it_and_keeps_the_rest() -> None:
    page = PAGE.read_text()
    written = MEASURED.sub(lambda _: "figures\n", page)
    assert written.endswith("<!-- measured -->\nfigures\n<!-- end -->\n")
    assert written.partition("<!-- measured -->")[0] == page.partition("<!-- measured -->")[0]
    assert MEASURED.sub(lambda _: "figures\n", written) == written
