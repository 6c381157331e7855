"""The names of tests and antibodies as one dictionary: what a written name on a report stands for.

Names come from the curated tables of `services.clinical`; `extraction_tests.yaml` adds the tests whose result is a word. A name
that could be a count and an antibody ("MCV") is decided by its unit, and a name that means several antibodies stays one
that must be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from pydantic import BaseModel, ConfigDict

from services.clinical.antibodies import antibodies, normalise_antibody
from services.clinical.labs import Analyte, analytes, normalise_unit
from services.clinical.labs.analytes import locate
from services.evidence.extraction.words import Dictionary, cut, key_of
from services.knowledge.catalogue import load
from services.knowledge.immunology import AmbiguousName

# Confirmed LOINC terms that hold for a presence or titer whatever the method's unit; codes of quantities are in analytes.yaml.
_LOINC_TITER: Mapping[str, str] = {"ana": "5048-4"}
_METHOD_NAMED: Mapping[str, str] = {"4537-7": "westergren"}
# Curated beside the autoantibodies, but a finding of the fluid, not an autoantibody of the blood.
_NOT_AUTOANTIBODIES = frozenset({"ocb"})
_FLUIDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("urine", ("urine", "urinary", "urinalysis", "dipstick", "ur", "24h urine", "24-hour urine", "24-h urine", "spot urine")),
    ("CSF", ("csf", "cerebrospinal fluid", "lumbar puncture")),
    ("stool", ("stool", "fecal", "faecal", "feces", "faeces")),
    ("synovial fluid", ("synovial", "synovial fluid", "joint fluid")),
    ("pleural fluid", ("pleural fluid",)),
    ("ascites", ("ascites", "ascitic fluid", "peritoneal fluid")),
    ("saliva", ("saliva", "salivary")),
)
_METHOD = re.compile(
    r"\s+(?:by|via)\s.{1,60}$|,\s*(?:serum|plasma|blood|whole blood|quant(?:itative)?|qual(?:itative)?|total|automated)\b.*$|"
    r"\s*[(\[]?\b(?:IFA|IIF|ELISA|EIA|CLIA|CIA|FEIA|HEp-?2|multiplex|immunoassay|turbidimetry|nephelometry)\b[)\]]?\s*$",
    re.IGNORECASE,
)
_TWO_NAMES = re.compile(r"\s+/\s+|\s*\|\s*")
_UNITLESS = frozenset({"jcv_index"})


class Role(StrEnum):
    ANALYTE = "analyte"
    TEST = "test"
    ANTIBODY = "antibody"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name stands for. `key` is the analyte's, test's or antibody's; `worded`: prose states it in words."""

    role: Role
    key: str
    analyte: Analyte | None = None
    worded: bool = False
    specimen: str | None = None


class TestRow(BaseModel):
    """One row of `extraction_tests.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    names: tuple[str, ...]
    specimen: str | None = None
    worded: bool = False


@cache
def _tests() -> Mapping[str, Subject]:
    table: dict[str, Subject] = {}
    for row in load("extraction_tests", TestRow):
        subject = Subject(Role.TEST, row.key, worded=row.worded, specimen=row.specimen)
        for name in (row.label, *row.names):
            table.setdefault(key_of(name), subject)
    return table


def _names() -> Iterable[tuple[str, Subject]]:
    for row in load("extraction_tests", TestRow):
        for name in (row.label, *row.names):
            yield name, _tests()[key_of(name)]
    for record in antibodies().values():
        if record.id not in _NOT_AUTOANTIBODIES:
            for name in (record.name, *record.synonyms):
                yield from ((variant, Subject(Role.ANTIBODY, record.id, worded=True)) for variant in _variants(name))
    for asked in load("antibody_ambiguities", AmbiguousName):
        for name in (asked.name, *asked.synonyms):
            yield name, Subject(Role.ANTIBODY, "", worded=True)
    for analyte in analytes().values():
        for name in (analyte.label, *analyte.aliases):
            yield name, Subject(Role.ANALYTE, analyte.key, analyte)


def _variants(name: str) -> tuple[str, ...]:
    """The name, and with "antibody": notes say "dsDNA antibodies negative"."""
    if name.lower().endswith(("antibody", "antibodies", " ab")):
        return (name,)
    return (name, f"{name} antibody", f"{name} antibodies", f"{name} Ab")


@cache
def names_in_prose() -> Dictionary[Subject]:
    """Return the dictionary of every name; built once, some milliseconds."""
    return Dictionary(_names())


@lru_cache(maxsize=4096)
def subject_of(name: str, unit: str | None = None, fluid: str | None = None) -> Subject | None:
    """Return what the name of a row stands for, None where it is no known test.

    `unit` decides between a count and an antibody of one name. In another fluid than blood ("urine") a plain name
    ("creatinine") is that fluid's, and stays unknown where no such test is curated.
    """
    found = _subject_of(name.strip(), unit, fluid)
    if found is not None:
        return found
    bare = _METHOD.sub("", name).strip()
    if bare and bare != name.strip() and (found := _subject_of(bare, unit, fluid)) is not None:
        return found
    parts = [part.strip() for part in _TWO_NAMES.split(bare) if part.strip()]  # "Kreatinin / Creatinine"
    if len(parts) != 2:
        return None
    read = [one for part in parts if (one := _subject_of(part, unit, fluid)) is not None]
    return read[0] if len({(one.role, one.key) for one in read}) == 1 else None


def _subject_of(shown: str, unit: str | None, fluid: str | None) -> Subject | None:
    stated = fluid_of(shown)
    if fluid is not None and stated is None:
        return _in_fluid(shown, fluid)
    test = _tests().get(key_of(shown))
    if test is not None:
        return test
    located = locate(shown)
    analyte = located.analyte if located is not None and located.limit is None else None
    spelled = normalise_unit(unit) if unit else None
    if analyte is not None and spelled is not None and spelled in analyte.elsewhere:
        analyte = analytes()[analyte.elsewhere[spelled]]
    fits = analyte is not None and spelled is not None and analyte.accepts(spelled)
    antibody = normalise_antibody(shown)
    if analyte is not None and ((fits and not analyte.assay) or not (antibody.is_recognised or antibody.is_ambiguous)):
        return Subject(Role.ANALYTE, analyte.key, analyte)
    if analyte is not None and not analyte.assay and key_of(shown) in {key_of(one) for one in (analyte.label, *analyte.aliases)}:
        return Subject(Role.ANALYTE, analyte.key, analyte)
    if antibody.is_recognised and antibody.id not in _NOT_AUTOANTIBODIES:
        return Subject(Role.ANTIBODY, antibody.id or "", worded=True)
    if antibody.is_ambiguous:
        return Subject(Role.ANTIBODY, "", worded=True)
    return Subject(Role.ANALYTE, analyte.key, analyte) if analyte is not None else None


def _in_fluid(name: str, fluid: str) -> Subject | None:
    for full in (f"{fluid} {name}", f"{name} {fluid}"):
        test = _tests().get(key_of(full))
        if test is not None:
            return test
        located = locate(full)
        if located is not None and located.limit is None:
            return Subject(Role.ANALYTE, located.analyte.key, located.analyte)
    alone = _tests().get(key_of(name))
    if alone is not None and alone.specimen == fluid:
        return alone
    located = locate(name)
    key = located.analyte.key if located is not None else ""
    told = key.startswith((fluid.lower(), "csf_")) or key in {"upcr", "uacr", "calprotectin", "kappa_index", "igg_index"}
    return Subject(Role.ANALYTE, key, located.analyte) if located is not None and told else None


@lru_cache(maxsize=4096)
def fluid_of(text: str) -> str | None:
    """Return the fluid other than blood that a caption or name mentions, None for blood or none."""
    spoken = f" {' '.join(word.folded for word in cut(text[:160]))} "
    if " and " in spoken or "&" in text or "+" in text:
        return None  # "Complement and urine": the names of the rows must say which
    return next((fluid for fluid, names in _FLUIDS if any(f" {name.replace('-', ' ')} " in spoken for name in names)), None)


def loinc_of(name: str, subject: Subject | None, *, unit: str | None, titer: str | None) -> str | None:
    """Return the LOINC code where name and unit make it certain, else None.

    The code of a concentration needs a unit of that analyte's table, and a code that names a method needs the method in
    the name ("Westergren").
    """
    if subject is None:
        return None
    if titer is not None:
        return _LOINC_TITER.get(subject.key) if subject.role is Role.ANTIBODY else None
    located = locate(name)
    analyte = subject.analyte or (located.analyte if located is not None and subject.key else None)
    if analyte is None or analyte.loinc is None or unit is None:
        return None
    method = _METHOD_NAMED.get(analyte.loinc)
    if method is not None and method not in name.lower():
        return None
    spelled = normalise_unit(unit)
    return analyte.loinc if spelled is not None and analyte.accepts(spelled) else None


def unit_belongs(analyte: Analyte, unit: str | None) -> bool:
    """Whether a written unit measures the analyte; a missing unit does only where the quantity has none."""
    if unit is None:
        return analyte.unit in {"ratio", "index"} or analyte.key in _UNITLESS
    spelled = normalise_unit(unit)
    return spelled is not None and (analyte.accepts(spelled) or spelled in analyte.elsewhere)
