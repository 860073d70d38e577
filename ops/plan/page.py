"""Owns `docs/scale.md`: what `fleet plan` computes, from what, and what ten thousand times as many people take.

`python -m ops.plan.page` prints the page, `--write` replaces the one in docs; a test compares the two.
"""

import re
import textwrap
from datetime import time
from pathlib import Path
from typing import Annotated, Final

import typer

from ops.plan.costs import CALL_CPU, CORES, POSTGRES, WAY, planned
from ops.plan.rush import Cap
from ops.plan.scale import AFTER, BUSY, CONNECTIONS, FACTORS, MORNING, POOL, Scale, takes_of
from ops.plan.sizes import Plan
from ops.plan.tables import shares, steps, unit_costs
from ops.plan.timetable import cron
from ops.plan.words import length, told

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "scale.md"
CAP: Final = Cap(30, 0.025)
"""As it comes."""
EXAMPLE: Final = "DB_POOL_MAX=6 fleet plan --employees 1000 --window 0"
WIDTH: Final = 120


def page() -> str:
    """The whole page."""
    parts = [_head(), _formulas(), _costs(), _gives_way(), _takes(), _first_steps(), _last_steps()]
    return "\n\n".join(map(_filled, parts)) + "\n"


def _head() -> str:
    plan = Plan(1000, 0, CAP)
    example = told(plan, cron(time(11, 0), 0, "Asia/Baku", plan.copies["checkin_worker"]), POOL, 100)
    return f"""# Scale

Made by `python -m ops.plan.page --write`; do not edit it by hand. `fleet plan` says what a morning takes, before it
comes. This page says by which formulas, and what ten, a thousand or ten thousand times as many people take.

## One morning: `fleet plan`

```
$ {EXAMPLE}
{example}
```

`--window` is how many seconds people take to come, evenly; 0 is all at once, and `--shape minute` puts everybody into
the last minute of the window, which ends at `CHECKIN_DEADLINE`. It reads settings and reaches no engine."""


def _formulas() -> str:
    return f"""## The formulas

Replies are a fluid queue (G. F. Newell, *Applications of Queueing Theory*, 1982, chapter 2). Of n people who come
evenly within T seconds the last one waits n/m - T, or not at all; a share of the people waits no longer than that share
of it; most wait when the last one comes. m is the pace of the cap, `SENDER_RATE` / (1 s + guard): {CAP.pace:.2f} calls
a second.

The sender itself goes by slots, each of which is free again a second and a guard after its use. Whenever people come,
each call goes when the fluid says, or at most {CAP.early:.2f} s before: `ops/plan/rush.py` says why, and
`tests/unit/ops/test_ops_plan_rush.py` drives the sender's own pacer through hundreds of random mornings to see it.

For the rest of the way {WAY.value:g} s are planned, as the objectives have it: 99 % of replies within 0.5 s and their
place in the queue. Recording is a fluid queue too, at the pace of its narrowest stretch.

People do not come evenly, they come by chance. If they come as fast as the cap lets replies go, which is the worst,
more than 2 sqrt(n) of n people wait at some moment in one of a hundred mornings (Kuiper's statistic): 63 of a thousand,
for whom it takes 2 s more."""


def _costs() -> str:
    return f"""## What one of each takes

{unit_costs()}

*Measured* figures come from this fleet and stand on the page named; those of the way of a check-in come from a machine
on which crowd, services and engines share two cores, and the receipt of the reply, which comes at the cap's pace, is
not in them. *Probed* ones were taken from a library alone. *Counted* ones are read off the code. Redis is not in the
list: it used 0.02 ms of a core for a check-in whose address was sought there and kept; the sender's questions are not
in that."""


def _gives_way() -> str:
    full = {name: f"{round(takes * MORNING, -3):,.0f}" for name, takes in takes_of(CAP).items()}
    ten, hundred = (Scale(people, CAP) for people in FACTORS[1:3])
    return f"""## What gives way first

People come within {length(MORNING)}. The shares are what they use together of one of each; over 100 % it is too little.

{shares(CAP)}

- **The cap of a bot** is the first at every size. It is full at {CAP.pace * MORNING:,.0f} people: whatever else is
  bought, the last of {ten.people:,} people waits {length(ten.alone.last_wait)} for a reply from one bot, and the
  last of {hundred.people:,} people {length(hundred.alone.last_wait)}. They are recorded, and on time, long before.
- **RabbitMQ** is the second, at {full["RabbitMQ"]} people: a check-in is four messages there, each written to disk and
  confirmed before anybody goes on, by one node as by each of three.
- **PostgreSQL** is the next, at {full["PostgreSQL"]} people: up to there one primary records everybody as they come.
- **A bot's geo worker and its webhook** are the last, at {full["the geo worker of a bot"]} and
  {full["the webhook of a bot"]} people on one bot, far more than it can answer.

Ingresses and workers do not give way: there are more of them. Beyond what RabbitMQ takes, more workers only wait for
it."""


def _takes() -> str:
    each = Scale(FACTORS[3], CAP).fleet.claim(POOL).total
    return f"""## What it takes

As many bots as tell everybody within {length(AFTER)} after the last one came, and engines that are {BUSY:.0%} busy at
most.

{steps(CAP)}

A bot is a fleet: two of each service, as in [deploy](deploy.md#sizes). A primary is a PostgreSQL cluster of three
instances, a broker a RabbitMQ cluster of three nodes. Primaries are counted by what they have to do and by
connections, of which each has {CONNECTIONS} and a fleet with `DB_POOL_MAX={POOL}` may open {each}. Costs are those of
the cores that fleets and engines ask for, in machines of 4 cores and 16 GiB (AWS `m7i.xlarge` in us-east-1, on
demand); disks, traffic, load balancers and Photons are extra."""


def _first_steps() -> str:
    thousand, ten, hundred = (Scale(people, CAP) for people in FACTORS[:3])
    return f"""## Step by step

**{thousand.people:,}.** One machine, or three nodes for company. Nobody waits, unless all come within
{thousand.people / CAP.pace:.0f} s.

**{ten.people:,}.** The same machines: what grows is the wait. If {length(ten.alone.last_wait)} are too long, let
offices begin at different times (`fleet schedule`), or take two bots.

**{hundred.people:,}.** {hundred.bots} bots. The cap belongs to a token and is kept by one process
(`sender/pacer.py`), so a bot is a fleet: a token, a webhook and Secrets of its own, an overlay and a namespace of
its own, and in it two senders, of which one is active. In RabbitMQ it has a virtual host, in Redis a number, in
PostgreSQL a database ([roles](operations.md#database-roles) belong to the server, so take care who may connect
where): update ids of two bots may be the same, and in one database nothing would tell them apart. People belong to
the bot whose link invited them, best by office. A manager of offices on two bots looks at both, `/report` covers
one, and operators' commands and the timetable's jobs run for each. RabbitMQ and PostgreSQL get {CORES.value:g}
cores for each instance."""


def _last_steps() -> str:
    million, most = (Scale(people, CAP) for people in FACTORS[3:])
    fleets = million.bots // million.primaries + 1
    busy = million.fleet.recording.rate * planned(POSTGRES)
    return f"""**{million.people:,}.** {million.bots} bots and {2 * million.bots} senders. Engines are
partitioned by fleets, which share nothing: up to {fleets} fleets to a primary, for their connections rather than for
what they do. A fleet of {million.fleet.people:,} people uses {busy:.2f} of a core of PostgreSQL, so `DB_POOL_MAX=2`
is enough and halves the primaries. No query spans two fleets, so no database is sharded, and who loses an engine
loses its fleets only. Redis is partitioned in the same way.

**{most.people:,}.** {most.bots} bots in several regions. A fleet and its engines stay in one region, near its people;
nothing passes between regions, and Telegram is the same for all. Take a Kubernetes cluster for each region, and several
where one would hold more than a few hundred fleets. `sessions` of a primary grow by {most.sessions / 1e6:.0f}
million rows a year. What it costs beside machines is care: {most.bots} tokens to be made at @BotFather and rotated,
{most.primaries} failovers to be drilled, one release to be rolled out {most.bots} times.

Telegram sells more: with paid broadcasts a bot makes up to 1,000 calls a second, each for a price. The fleet does not
ask for that, and a `SENDER_RATE` above 30 without it earns refusals. A sender would use a core at
{1 / CALL_CPU.value:.0f} calls a second."""


def _filled(part: str) -> str:
    """The part with its prose in lines of one length; tables and code as they are."""
    prose_and_code = re.split(r"(^```.*?^```)", part, flags=re.MULTILINE | re.DOTALL)
    return "".join(one if one.startswith("```") else _prose(one) for one in prose_and_code)


def _prose(text: str) -> str:
    return "\n\n".join(_paragraph(one) for one in text.split("\n\n"))


def _paragraph(text: str) -> str:
    if text.startswith(("|", "#")):
        return text
    if not text.startswith("- "):
        return _lines(text)
    return "\n".join(_lines(item, indent="  ") for item in text.replace("\n  ", " ").split("\n"))


def _lines(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def main(*, write: Annotated[bool, typer.Option(help="Replace the page in docs.")] = False) -> None:
    """Print the page about scale."""
    if write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        typer.echo(page(), nl=False)


if __name__ == "__main__":
    typer.run(main)
