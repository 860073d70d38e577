"""Owns how aiogram is imported: without building all of its models, of which a service uses a handful.

On import aiogram builds the validators of more than 400 models, and each holds those of everything that it refers to:
166 MB resident instead of 60 (aiogram 3.31, pydantic 2.13). pydantic builds a model by itself when it is first used,
provided that it finds the types that the model names; aiogram's modules import these for type checkers only. So this
module keeps aiogram from building, and puts the names where pydantic looks for them. Import it before aiogram: the
packages that use aiogram do so in their `__init__`.
"""

import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydantic import BaseModel

_PACKAGES: Final = ("aiogram.types", "aiogram.methods")


@contextmanager
def _building_nothing() -> Iterator[None]:
    build = BaseModel.__dict__["model_rebuild"]

    def later(_cls: type[BaseModel], /, **_options: Any) -> None:  # noqa: ANN401 - stands in for pydantic's own signature
        return None

    type.__setattr__(BaseModel, "model_rebuild", classmethod(later))
    try:
        yield
    finally:
        type.__setattr__(BaseModel, "model_rebuild", build)


def _name_the_types() -> None:
    from aiogram import types  # noqa: PLC0415 - must come after the import below
    from aiogram.client.default import Default  # noqa: PLC0415 - as above

    names: dict[str, object] = {name: getattr(types, name) for name in types.__all__}
    names |= {"Default": Default} | {name: getattr(typing, name) for name in ("Any", "Literal", "Optional", "Union")}
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGES):
            for missing in names.keys() - vars(module).keys():
                setattr(module, missing, names[missing])


def build(*models: type[BaseModel]) -> None:
    """Build these models now, so that the first message of the day does not wait for it (70 ms for Update)."""
    for model in models:
        model.model_rebuild()


if "aiogram" not in sys.modules:
    with _building_nothing():
        import aiogram  # noqa: F401 - imported for its effect
    _name_the_types()
