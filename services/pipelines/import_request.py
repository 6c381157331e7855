"""What a user asks for when a file of variants is to become a table."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.clinical.profile import PatientId
from services.genomics.genome import GenomeBuild, build_named_in
from services.variants.annotation.model import Part
from services.variants.imports import Mode

MAX_SPLIT_SAMPLES = 100


class DelimitedChoices(BaseModel):
    """How to read a CSV or TSV file; None means: find out. SEE: `services/variants/outcome.py`, `DelimitedOptions`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: Annotated[str, Field(max_length=32)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    has_header: bool | None = None
    roles: Annotated[dict[str, str], Field(max_length=20)] | None = None
    types: Annotated[dict[str, str], Field(max_length=10_000)] = Field(default_factory=dict)
    zero_based: bool | None = None


class ImportRequest(BaseModel):
    """Options of one import.

    `assembly` is what the user states: a file that tells otherwise is refused, naming both builds. `default_assembly` is taken
    where neither the user nor the file tells. `vep_annotation`, `enable_ditto` and `annotsv_annotation` ask for annotation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_name: Annotated[str, Field(max_length=200)] = ""
    assembly: GenomeBuild | None = None
    default_assembly: GenomeBuild | None = None
    sample_type: Annotated[str, Field(max_length=32)] = ""
    notes: Annotated[str, Field(max_length=10_000)] = ""
    split_by_sample: bool = False
    mode: Mode = Mode.STRICT
    patient_id: PatientId | None = None
    delimited: DelimitedChoices = Field(default_factory=DelimitedChoices)
    vep_annotation: bool = False
    enable_ditto: bool = False
    annotsv_annotation: bool = False

    @field_validator("assembly", "default_assembly", mode="before")
    @classmethod
    def _known_build(cls, value: Any) -> Any:
        """Accept the names that tools use for the two builds, such as hg38; empty means not stated."""
        if not isinstance(value, str) or isinstance(value, GenomeBuild):
            return value
        if not value.strip():
            return None
        build = build_named_in(value[:64])
        if build is None:
            raise ValueError(f"must be one of {', '.join(GenomeBuild)}")
        return build

    @property
    def parts_to_annotate(self) -> frozenset[Part]:
        """What is to be annotated after the import; empty where nothing was asked for."""
        small = frozenset({Part.SMALL}) if self.vep_annotation or self.enable_ditto else frozenset[Part]()
        return small | (frozenset({Part.STRUCTURAL}) if self.annotsv_annotation else frozenset[Part]())

    @property
    def asks_for_annotation(self) -> bool:
        return bool(self.parts_to_annotate)
