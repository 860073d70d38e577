"""Owns the checks that only RabbitMQ's management API answers: policies over our bounds, leftovers, alarms, disk."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ops.doctor import clocks
from ops.doctor.findings import Finding, Unknown, ok, warning, wrong
from ops.doctor.queues import wanted
from ops.doctor.surroundings import Surroundings
from ops.management import Management, ManagementSettings, management
from shared.errors import BrokerUnavailable
from shared.settings import BrokerSettings

KINDS: Final[Mapping[str, str]] = {"policies": "clear_policy", "operator-policies": "clear_operator_policy"}
LOWERED: Final[Mapping[str, str]] = {"max-length": "x-max-length", "delivery-limit": "x-delivery-limit"}
"""Of these RabbitMQ takes the lesser one of the policy's and the queue's own."""
LOSING: Final = ("message-ttl", "expires", "max-length-bytes")
"""Whatever their value: messages that wait would be dropped, or a full queue refuse them sooner."""
APPLY_TO_QUEUES: Final = frozenset({"all", "queues", "quorum_queues"})
HINT: Final = "set RABBITMQ_MANAGEMENT_URL, enable rabbitmq_management, give the user the tag monitoring"


@contextlib.asynccontextmanager
async def asked(around: Surroundings) -> AsyncIterator[Management]:
    """Open the API for the block.

    Raises:
        Unknown: the API answers not, or not to us.
    """
    try:
        async with management(around.of(BrokerSettings), around.of(ManagementSettings)) as api:
            yield api
    except BrokerUnavailable as problem:
        raise Unknown(f"{problem}: {HINT}") from problem


async def policies(around: Surroundings) -> Sequence[Finding]:
    """Whether a policy overrides what our queues were made with."""
    wishes = await wanted()
    found: list[Finding] = []
    async with asked(around) as api:
        for kind, command in KINDS.items():
            found += judge_policies((await api.policies(kind)).body, wishes, command)
    return found or [ok("no policy overrides our queues' bounds")]


def judge_policies(
    policies: Sequence[Mapping[str, Any]], wishes: Mapping[str, Mapping[str, Any]], command: str
) -> Sequence[Finding]:
    """Which policies harm our queues; of those that match a queue the one with the highest priority holds.

    Args:
        policies: as the API has them.
        wishes: our queues and their arguments.
        command: of rabbitmqctl, which takes such a policy away.
    """
    of_queues = [one for one in policies if one["apply-to"] in APPLY_TO_QUEUES]
    strange = [one for one in of_queues if not _is_understood(one["pattern"])]
    known = [one for one in of_queues if one not in strange]
    harmed: dict[tuple[str, str], list[str]] = {}
    for name, arguments in wishes.items():
        if matching := [one for one in known if re.search(one["pattern"], name)]:
            holds = max(matching, key=lambda one: int(one["priority"]))
            for harm in _harms(holds["definition"], arguments):
                harmed.setdefault((holds["name"], harm), []).append(name)
    return [
        *(_judge_strange(one["name"], one["pattern"]) for one in strange),
        *(
            wrong(
                f"the policy {policy} sets {harm} on {_some(names)}",
                f"rabbitmqctl {command} {policy}   (with --vhost; or narrow its pattern)",
            )
            for (policy, harm), names in harmed.items()
        ),
    ]


def _is_understood(pattern: str) -> bool:
    """Whether a pattern of RabbitMQ, which has Erlang's regular expressions, is one of Python's too."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _judge_strange(policy: str, pattern: str) -> Finding:
    said = f"the policy {policy} has a pattern that only RabbitMQ understands, {pattern}: it was not looked at"
    return warning(said, "rabbitmqctl list_queues name policy operator_policy   (with --vhost; does it match ours?)")


def _harms(definition: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[str]:
    for key in LOSING:
        if key in definition:
            yield f"{key} {definition[key]}"
    for key, argument in LOWERED.items():
        if key in definition and definition[key] < arguments.get(argument, float("inf")):
            yield f"{key} {definition[key]}"


async def leftovers(around: Surroundings) -> Sequence[Finding]:
    """Whether there are queues of ours that no service of this release makes."""
    wishes = await wanted()
    async with asked(around) as api:
        there = (await api.queues()).body
    return judge_leftovers({one["name"]: one.get("messages", 0) for one in there}, list(wishes))


def judge_leftovers(there: Mapping[str, int], ours: Sequence[str]) -> Sequence[Finding]:
    """Queues that look like ours and are not.

    Args:
        there: messages by queue, of all that are there; others' queues are nobody's concern here.
        ours: what this release makes.
    """
    families = {name.partition(".")[0] for name in ours}
    left = sorted(name for name in there if name not in ours and name.partition(".")[0] in families)
    if not left:
        return [ok("no queue is left over from another release")]
    return [
        warning(
            f"no service of this release makes {name}, which holds {there[name]:,} messages",
            f"rabbitmqctl delete_queue {name}   (with --vhost; once it is empty, and no other release runs)",
        )
        for name in left
    ]


async def nodes(around: Surroundings) -> Sequence[Finding]:
    """Alarms, free disk and the clock of the brokers."""
    async with asked(around) as api:
        asked_at = around.now()
        answer = await api.node()
        middle = asked_at + (around.now() - asked_at) / 2
    found = [one for node in answer.body for one in judge_node(node)]
    with contextlib.suppress(ValueError):  # a proxy in between may say none
        ahead = (parsedate_to_datetime(answer.date) - middle).total_seconds()
        found.append(clocks.judge("RabbitMQ", ahead + 0.5))  # a date is cut to whole seconds
    return found


def judge_node(node: Mapping[str, Any]) -> Sequence[Finding]:
    """One node of the cluster, as the API tells of it; one that is down says nothing but that."""
    name = node["name"]
    if not node.get("running", False):
        return [wrong(f"{name} does not run", f"start it   (rabbitmqctl forget_cluster_node {name} if it is no more)")]
    alarms = [what for what, key in (("memory", "mem_alarm"), ("disk", "disk_free_alarm")) if node.get(key)]
    if alarms:
        said = f"{name} has an alarm: {' and '.join(alarms)} short; publishers are blocked"
        return [wrong(said, "rabbitmq-diagnostics alarms   (and give it the memory or disk that is short)")]
    if node.get("partitions"):
        return [wrong(f"{name} is cut off from {', '.join(node['partitions'])}", "mend the network, restart that node")]
    free, limit = node.get("disk_free"), node.get("disk_free_limit")
    if not isinstance(free, int) or not isinstance(limit, int):
        return [ok(f"{name} runs without an alarm")]
    said = f"{name} has {_size(free)} of disk free, and blocks publishers below {_size(limit)}"
    return [warning(said, "give it more disk")] if free < 2 * limit else [ok(said)]


def _size(number: int) -> str:
    return f"{number / 2**30:,.1f} GiB"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"  # noqa: PLR2004 - a line's worth
