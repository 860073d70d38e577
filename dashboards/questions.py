"""Owns how questions are put to Prometheus that more than one panel asks. Pure.

A figure of what is rightly nothing, such as an error, is written so that it is 0 then: an empty answer means that
nobody measured. Nothing is 0 by `or` whose series are there from the start, since that would hide that nobody did.
"""

from collections.abc import Mapping
from typing import Final

from ops.rules.objectives import BURNS, Objective
from ops.rules.services import SERVICES
from shared.settings import CapSettings

RATE: Final[int] = CapSettings.model_fields["sender_rate"].default
"""Calls in any second that Telegram takes of one bot, where SENDER_RATE does not say otherwise."""
EACH_SECOND: Final = "[$__rate_interval]"
"""The range of a rate: Grafana makes it long enough for what is shown in a pixel, and for four scrapes."""
OURS: Final = f'service=~"{"|".join(SERVICES)}"'
"""Series of our services: another `service` is somebody else's."""
WAITING: Final = "rabbitmq_detailed_queue_messages"
SHORT: Final = BURNS["page"][0].short
FASTEST: Final = BURNS["page"][0].factor


def good(objective: Objective) -> str:
    """The share of good events in the last minutes; all of them where there were none."""
    bad = bad_share(objective)
    return f"max(1 - {bad} >= 0) or count({bad})"


def bad_share(objective: Objective, window: str = SHORT) -> str:
    """The recorded share of bad events."""
    return f'objective:bad:ratio_rate{window}{{objective="{objective.name}"}}'


def burning(objective: Objective) -> float:
    """The share of bad events over the short window for which somebody is called."""
    return round(FASTEST * objective.budget, 6)


def per_second(counter: str, by: str = "") -> str:
    """How many a second."""
    return f"sum{_by(by)}(rate({counter}{EACH_SECOND}))"


def quantiles(histogram: str, labels: str = "", by: str = "") -> Mapping[str, str]:
    """Half of the events, and all but one of a hundred, were faster; by legend."""
    grouped = f"{by}, le" if by else "le"
    asked = f"sum by ({grouped}) (rate({histogram}_bucket{labels}{EACH_SECOND}))"
    before = f"{{{{{by}}}}} " if by else ""
    return {f"{before}p{q * 100:.0f}": f"histogram_quantile({q}, {asked})" for q in (0.5, 0.99)}


def or_none(expr: str) -> str:
    """A sum over everything that is 0 where nothing is counted."""
    return f"{expr} or vector(0)"


def or_nobody(expr: str, label: str, word: str) -> str:
    """Series by a label, and where there are none one of 0, under this word."""
    return f'{expr}\nor on () label_replace(vector(0), "{label}", "{word}", "", "")'


def _by(label: str) -> str:
    return f" by ({label}) " if label else ""
