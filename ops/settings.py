"""Owns what operators' commands read from the environment."""

from pydantic import Field

from ops.management import ManagementSettings
from shared.settings import (
    AmqpUrl,
    BrokerSettings,
    CacheSettings,
    CapSettings,
    ConsentSettings,
    DatabaseSettings,
    PoolSettings,
    RedisUrl,
    RetentionSettings,
    TelegramSettings,
    WorkdaySettings,
)


class CompanySettings(DatabaseSettings, WorkdaySettings):
    """What those read that know the company's time: its people, places, schedules and days."""


class ReminderSettings(CompanySettings, BrokerSettings, ConsentSettings):
    """What those read that send messages to many: `fleet remind`, `fleet campaign`."""


class TraceSettings(CompanySettings):
    """What `fleet trace` reads: the database, and the other engines where they are named."""

    redis_url: RedisUrl | None = Field(None, description="for `fleet trace`: how calls ended, before the ledger knows")
    rabbitmq_url: AmqpUrl | None = Field(None, description="for `fleet trace`: what waits, and what is dead")


class RetainSettings(DatabaseSettings, RetentionSettings):
    """What `fleet retain` reads."""


class GeoDeskSettings(BrokerSettings, CacheSettings):
    """What `fleet geo` reads."""


class BackfillSettings(DatabaseSettings, GeoDeskSettings):
    """What `fleet geocode` reads."""


class DeadSettings(BrokerSettings, WorkdaySettings):
    """What `fleet dead` reads."""


class DoctorSettings(DatabaseSettings, BrokerSettings, CacheSettings, TelegramSettings, ManagementSettings):
    """What `fleet doctor` reads, each part of it by itself: it looks at what it can."""


class PlanSettings(WorkdaySettings, CapSettings, PoolSettings):
    """What `fleet plan` reads."""
