"""Owns `make up`: the fleet with a real bot, which polls, so that no public address is needed.

The bot's token and the other wishes come from `.env`, or from the environment, which counts more.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource

from local.fleet import plan
from local.folders import PROJECT, run_folder
from local.processes import first_death
from local.stage import stage, started
from local.terminal import WrongInputError, console, run, show_addresses

ENV_FILE = PROJECT / ".env"
TOKEN = "TELEGRAM_BOT_TOKEN"  # noqa: S105 - a variable's name
DEFAULTS: Mapping[str, str] = {
    "INGRESS_MODE": "polling",
    "REGISTRATION": "open",
    "CONSENT": "off",
    "GEOCODER": "offline",
}
# Those that .env.example explains; a test compares the two.
VARIABLES = (
    TOKEN,
    "TELEGRAM_API_URL",
    "REGISTRATION",
    "TELEGRAM_BOT_USERNAME",
    "ADMIN_IDS",
    "CONSENT",
    "LOCATION_POLICY",
    "LOCATION_RETENTION_DAYS",
    "TIMEZONE",
    "WORKDAY_BOUNDARY",
    "CHECKIN_DEADLINE",
    "WORKDAY_END",
    "DOUBLE_TAP_SECONDS",
    "GEOCODER",
    "GEOCODER_URL",
    "GEOCODER_API_KEY",
    "GEOCODER_CONTACT",
    "GEOCODER_RATE",
    "GEOCODER_TIMEOUT",
    "LOG_FORMAT",
    "LOG_LEVEL",
)
NO_TOKEN = f"""{TOKEN} is not set, so there is no bot to run. Get one in two minutes:
  1. In Telegram write to @BotFather: /newbot. It answers with a token such as 123456:ABC-def...
  2. cp .env.example .env
  3. Write the token into .env, behind {TOKEN}=
  4. make up
Without a bot of your own, `make demo` shows the same against a simulated Telegram."""


def wishes(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables a person has set; raises WrongInputError when there is no token."""
    written = DotEnvSettingsSource(BaseSettings, env_file=file, case_sensitive=True).env_vars
    exported = {name: environment[name] for name in VARIABLES if environment.get(name)}
    chosen = {name: value for name, value in written.items() if value} | exported
    if TOKEN not in chosen:
        raise WrongInputError(NO_TOKEN)
    return chosen


async def up() -> int:
    """Start everything and stay until a signal ends us."""
    settings = {**DEFAULTS, **wishes(ENV_FILE, os.environ)}
    services = plan()
    with run_folder("up") as folder:
        async with stage(folder, settings) as ready, started(ready, services) as fleet:
            show_addresses(ready.addresses(services))
            console.print("Write /start to your bot. Ctrl-C ends everything, and its data.")
            return await first_death([*fleet.children(), *ready.engines.children()])


if __name__ == "__main__":
    sys.exit(run(up()))
