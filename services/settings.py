"""The settings: the only module that reads the environment.

Every setting has a working default and the prefix `AUTO_`; `docs/operations.md` lists them all (a test fails when one is
missing there). The two `ANTHROPIC_` variables keep the names the Anthropic SDK knows.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.errors import ConfigurationError

OFFLINE_MODEL = "all-MiniLM-L6-v2"


class Settings(BaseSettings):
    """What can be configured. Paths are relative to the working directory unless absolute."""

    model_config = SettingsConfigDict(
        env_prefix="AUTO_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    api_port: Annotated[int, Field(ge=1, le=65535)] = 8532
    ui_port: Annotated[int, Field(ge=1, le=65535)] = 8531
    api_host: str = "127.0.0.1"
    api_key: SecretStr | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1")
    max_request_size_mb: Annotated[int, Field(ge=1)] = 50
    max_upload_size_mb: Annotated[int, Field(ge=1)] = 4096
    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    milvus_uri: str | None = None
    milvus_token: SecretStr | None = None
    embedding_model: str = OFFLINE_MODEL
    llm_model: str = "claude-sonnet-5"
    score_high: Annotated[float, Field(ge=0, le=1)] = 0.55
    score_medium: Annotated[float, Field(ge=0, le=1)] = 0.35
    collection_weights: Annotated[dict[str, float], NoDecode] = Field(default_factory=dict)
    rate_limit_per_minute: Annotated[int, Field(ge=1)] = 600
    job_workers: Annotated[int, Field(ge=0, le=64)] = 1
    reference_dir: Path | None = None
    demo_data: bool = True
    vep_url: str | None = None
    vep_url_grch37: str | None = None
    vep_allow_private: bool = False
    vep_max_variants: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    vep_program: Path | None = None
    vep_cache_dir: Path | None = None
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    anthropic_base_url: str | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_BASE_URL"))

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _read_hosts(cls, value: object) -> object:
        """Accept `host,*.example.org` from the environment."""
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("collection_weights", mode="before")
    @classmethod
    def _read_weights(cls, value: object) -> object:
        """Accept `name=1.5,other=0.5` from the environment."""
        if not isinstance(value, str):
            return value
        weights: dict[str, float] = {}
        for part in filter(None, (piece.strip() for piece in value.split(","))):
            name, separator, number = part.partition("=")
            try:
                weights[name.strip()] = float(number)
            except ValueError:
                separator = ""
            if not separator or not 0 <= weights.get(name.strip(), -1) <= 100:
                raise ValueError(f"AUTO_COLLECTION_WEIGHTS: {part!r} is not name=weight with a weight from 0 to 100")
        return weights

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Settings:
        if self.score_medium > self.score_high:
            raise ValueError("AUTO_SCORE_MEDIUM is above AUTO_SCORE_HIGH: lower it or raise the other")
        if self.job_workers == 0 and not self.shares_database:
            raise ValueError("AUTO_JOB_WORKERS is 0, so nobody would run jobs: only with PostgreSQL can other processes do that")
        return self

    @property
    def sql_url(self) -> str:
        """The SQLAlchemy URL of the system of record: SQLite in the data directory unless `AUTO_DATABASE_URL` is set."""
        if self.database_url is not None:
            # the installed driver is psycopg 3; SQLAlchemy would look for its predecessor
            return re.sub(r"^postgres(?:ql)?://", "postgresql+psycopg://", self.database_url.get_secret_value())
        return f"sqlite:///{self.data_dir / 'paratope.db'}"

    @property
    def references(self) -> Path:
        """The folder of the reference data: `reference` in the data directory unless `AUTO_REFERENCE_DIR` is set."""
        return self.reference_dir or self.data_dir / "reference"

    @property
    def shares_database(self) -> bool:
        """Whether the system of record is a server that several processes can use."""
        return self.sql_url.startswith("postgresql")

    @property
    def job_queue_url(self) -> str:
        """Where the queue of jobs is kept: in PostgreSQL when that is the system of record, else in a file of its own."""
        return self.sql_url if self.shares_database else f"sqlite:///{self.data_dir / 'jobs.db'}"

    @property
    def vector_uri(self) -> str:
        """The Milvus URI: an embedded file in the data directory unless `AUTO_MILVUS_URI` is set."""
        return self.milvus_uri or str(self.data_dir / "milvus.db")

    @property
    def listens_on_loopback(self) -> bool:
        if self.api_host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.api_host).is_loopback
        except ValueError:
            return False

    def refuse_open_network(self, *, keys_exist: bool) -> None:
        """Refuse to listen beyond this machine when no API key is configured.

        :raise ConfigurationError: `AUTO_API_HOST` is not loopback and there is no key.
        """
        if not self.listens_on_loopback and self.api_key is None and not keys_exist:
            raise ConfigurationError(
                f"AUTO_API_HOST is {self.api_host} but no API key is configured: set AUTO_API_KEY, or listen on 127.0.0.1"
            )


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read the environment once.

    :raise ConfigurationError: a variable does not fit; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(_told(problem) for problem in error.errors(include_input=False, include_context=False))
        raise ConfigurationError(f"settings: {problems}") from None


def _told(problem: ErrorDetails) -> str:
    """One problem by the name of its variable, without any value: a value may be a secret."""
    name = "_".join(str(part) for part in problem["loc"])
    variable = name if name.startswith("ANTHROPIC") else f"AUTO_{name.upper()}" if name else ""
    return f"{variable}: {problem['msg']}" if variable else problem["msg"]
