"""Reads the curated data files, each once, into frozen records.

A file `data/<kind>.yaml` is a list of mappings; `load(kind, Model)` validates every row against `Model` and refuses the
file with the row's position when one does not fit. Records are cached for the life of the process: analysis reads no
disk after the first use.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from services.errors import ConfigurationError

Record = TypeVar("Record", bound=BaseModel)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load(kind: str, model: type[Record]) -> tuple[Record, ...]:
    """Return the rows of `data/<kind>.yaml` as `model`, in file order.

    :raise ConfigurationError: the file is missing or a row does not fit the model.
    """
    try:
        text = resources.files("services.knowledge").joinpath("data", f"{kind}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"knowledge file data/{kind}.yaml is missing: reinstall the project") from error
    records = []
    for position, row in enumerate(yaml.load(text, Loader=_LOADER), start=1):  # noqa: S506 - a safe loader, in C
        try:
            records.append(model.model_validate(row))
        except ValidationError as error:
            raise ConfigurationError(f"knowledge file data/{kind}.yaml, row {position}: {error}") from error
    return tuple(records)
