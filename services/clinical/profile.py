"""The patient profile: what an analysis is given.

The documented fields keep their documented names. What the documented profile has no home for (pregnancy, serology,
comorbidities, HLA-DQA1 and DPB1, proposed drugs, instrument items) lives in `extensions`. Absent means unknown: it is
never read as zero, normal or negative.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.clinical.bounds import Bound
from services.clinical.disease import Disease

PATIENT_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PatientId = Annotated[str, StringConstraints(pattern=PATIENT_ID_PATTERN)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]
_BOUNDED = re.compile(r"^\s{0,5}(<=|>=|[<>≤≥])\s{0,5}(\d{1,12}(?:[.,]\d{1,6})?)\s{0,5}$")
_SIGNS: dict[str, Bound] = {"≤": "<=", "≥": ">=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _split_bound(data: Any) -> Any:
    """Read a value printed as a bound (`"<5"`) into the number and its sign; everything else passes through."""
    value = data.get("value") if isinstance(data, dict) else None
    found = _BOUNDED.match(value[:40]) if isinstance(value, str) else None
    return data if found is None else {**data, "value": float(found[2].replace(",", ".")), "bound": _SIGNS[found[1]]}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MeasuredValue(_Frozen):
    """A number with its unit, as a laboratory reports it. `date` is the specimen date where known.

    A result printed as a bound keeps it: `{"value": "<5"}` is read as 5 with `bound` "<", and is used only where the bound
    decides.
    """

    value: Number
    bound: Bound | None = None
    unit: ShortText | None = None
    reference_range: ShortText | None = None
    date: datetime.date | None = None

    _read_bound = model_validator(mode="before")(_split_bound)


class AntibodyResult(_Frozen):
    antibody: ShortText
    value: Number
    unit: ShortText | None = None
    reference_range: ShortText | None = None
    positive: bool | None = None
    titer: ShortText | None = None
    pattern: ShortText | None = None


class AntibodyPanel(_Frozen):
    patient_id: PatientId
    collection_date: datetime.date
    results: tuple[AntibodyResult, ...] = ()


class HlaProfile(_Frozen):
    """HLA typing as written by the laboratory, one list of alleles for each locus."""

    hla_a: tuple[ShortText, ...] = ()
    hla_b: tuple[ShortText, ...] = ()
    hla_c: tuple[ShortText, ...] = ()
    hla_drb1: tuple[ShortText, ...] = ()
    hla_dqb1: tuple[ShortText, ...] = ()
    hla_dqa1: tuple[ShortText, ...] = ()
    hla_dpb1: tuple[ShortText, ...] = ()

    def alleles(self) -> tuple[str, ...]:
        """Every allele as written, locus prefix added where the laboratory left it out."""
        written: list[str] = []
        for locus in ("a", "b", "c", "drb1", "dqb1", "dqa1", "dpb1"):
            for allele in getattr(self, f"hla_{locus}"):
                bare = allele.strip()
                written.append(bare if not bare[:1].isdigit() else f"{locus.upper()}*{bare}")
        return tuple(written)


class Profile(_Frozen):
    """A patient as the analysis sees them.

    `biomarkers` maps a name to a bare number (in the unit of `services.clinical.labs` for that name) or to a
    `MeasuredValue`. `extensions` keys are documented in `docs/clinical_method.md`.
    """

    patient_id: PatientId
    age: Annotated[int, Field(ge=0, le=150)]
    sex: Literal["M", "F"]
    autoantibody_panel: AntibodyPanel | None = None
    hla_profile: HlaProfile | None = None
    biomarkers: dict[ShortText, Number | MeasuredValue] = Field(default_factory=dict)
    genotypes: dict[ShortText, ShortText] = Field(default_factory=dict)
    diagnosed_conditions: tuple[Disease, ...] = ()
    current_medications: tuple[ShortText, ...] = ()
    symptom_duration_months: Annotated[int, Field(ge=0)] | None = None
    family_history: tuple[ShortText, ...] = ()
    extensions: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _require_something_to_analyse(self) -> Profile:
        if self.autoantibody_panel is None and self.hla_profile is None and not self.biomarkers:
            raise ValueError("At least one of autoantibody_panel, hla_profile, or biomarkers must be provided")
        return self
