"""The forms in which an expert enters what was observed: their questions, drawn as widgets and read back as an observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from services.genomics.acmg.observations import (
    MAX_COUNT,
    MAX_PEOPLE,
    MAX_WORDS,
    AnyObservation,
    Cases,
    CasesBasis,
    DeNovo,
    Functional,
    FunctionalBasis,
    InTrans,
    LackOfSegregation,
    OtherCause,
    OtherVariant,
    Phenotype,
    Readout,
    Segregation,
)

_WIDTH = 128
"""Two numbers side by side in half of the board."""
_YES_NO = {True: "Yes", False: "No"}


class Kind(StrEnum):
    COUNT = "a number of people or variants"
    PEOPLE = "a number of people that may be large"
    NUMBER = "a positive number, may be left out"
    ANSWER = "yes, no, or left open"
    CHOICE = "one of several, in a list"
    PICK = "one of few, side by side"
    WORDS = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """One value of an observation."""

    name: str
    label: str
    kind: Kind = Kind.COUNT
    help: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Questions side by side, under a heading. `when`: drawn only where the value of that name is this one."""

    questions: tuple[Question, ...]
    heading: str = ""
    when: tuple[str, object] | None = None


def _pair(heading: str, first: tuple[str, str], second: tuple[str, str], when: tuple[str, object] | None = None) -> Line:
    return Line((Question(*first), Question(*second)), heading, when)


_RARE = Question(
    "rare", "Rare enough for PM2?", Kind.ANSWER, "Left open: as PM2 was judged from the population data"
)
_CONFIRMED, _ASSUMED = "Parents confirmed", "Not confirmed"
_COUNTS, _ODDS = ("basis", CasesBasis.COUNTS), ("basis", FunctionalBasis.ODDS)
_CONTROLS = ("basis", FunctionalBasis.CONTROLS)
_FORMS: dict[type[AnyObservation], tuple[Line, ...]] = {
    DeNovo: (
        _pair("Phenotype highly specific for the gene", ("specific_confirmed", _CONFIRMED), ("specific_assumed", _ASSUMED)),
        _pair("Consistent, not highly specific", ("consistent_confirmed", _CONFIRMED), ("consistent_assumed", _ASSUMED)),
        _pair("Consistent; many genes cause it", ("heterogeneous_confirmed", _CONFIRMED), ("heterogeneous_assumed", _ASSUMED)),
    ),
    InTrans: (
        _pair(
            "In trans, confirmed, with a variant that is", ("confirmed_pathogenic", "(Likely) pathogenic"),
            ("confirmed_uncertain", "Of uncertain significance"),
        ),
        _pair(
            "Phase not known, with a variant that is", ("unknown_pathogenic", "Pathogenic"),
            ("unknown_likely_pathogenic", "Likely pathogenic"),
        ),
        Line((Question("homozygous", "Probands"),), "Homozygous for this variant"),
        Line((Question("recessive", "Recessive disease?", Kind.ANSWER, "Left open: as the gene's inheritance says"), _RARE)),
    ),
    Functional: (
        Line((Question("assay", "Assay, with its source", Kind.WORDS),)),
        Line((Question("basis", "Validated by", Kind.CHOICE),)),
        Line((Question("odds", "Odds of pathogenicity (OddsPath)", Kind.NUMBER),), when=_ODDS),
        _pair("Pathogenic control variants", ("pathogenic_abnormal", "Abnormal"), ("pathogenic_normal", "Normal"), _CONTROLS),
        _pair("Benign control variants", ("benign_abnormal", "Abnormal"), ("benign_normal", "Normal"), _CONTROLS),
        Line((Question("readout", "This variant is", Kind.PICK),), when=_CONTROLS),
        Line((Question("readout", "This variant is", Kind.PICK),), when=("basis", FunctionalBasis.BASIC)),
    ),
    Segregation: (
        Line((
            Question("meioses", "Informative meioses", help="Over all families. In a recessive disease an affected brother or "
                     "sister with both variants counts as two: one chance in four"),
            Question("families", "Families"),
        )),
    ),
    LackOfSegregation: (
        Line((Question("affected_without", "Affected relatives without the variant"),)),
        Line((Question("phenocopies_excluded", "Phenocopies and second causes excluded?", Kind.ANSWER),)),
    ),
    Cases: (
        Line((Question("basis", "Counted as", Kind.CHOICE),)),
        Line((Question("cases_with", "With the variant", Kind.PEOPLE), Question("cases_without", "Without", Kind.PEOPLE)),
             "Cases", _COUNTS),
        Line((Question("controls_with", "With the variant", Kind.PEOPLE), Question("controls_without", "Without", Kind.PEOPLE)),
             "Controls", _COUNTS),
        Line((
            Question("odds_ratio", "Odds ratio", Kind.NUMBER), Question("lower", "95 % from", Kind.NUMBER),
            Question("upper", "to", Kind.NUMBER),
        ), when=("basis", CasesBasis.RATIO)),
        Line((Question("probands", "Unrelated probands"), _RARE), when=("basis", CasesBasis.PROBANDS)),
    ),
    Phenotype: (
        Line((Question("phenotype", "Phenotype or family history", Kind.WORDS),)),
        Line((
            Question("specific", "Highly specific for the disease?", Kind.ANSWER),
            Question("single_cause", "One genetic cause only?", Kind.ANSWER),
        )),
    ),
    OtherVariant: (
        Line((Question(
            "in_cis", "The pathogenic variant lies in cis?", Kind.ANSWER, "Yes: on the same chromosome. No: in trans",
        ),)),
        Line((
            Question("dominant", "Dominant disease?", Kind.ANSWER, "Left open: as the gene's inheritance says"),
            Question("fully_penetrant", "Fully penetrant?", Kind.ANSWER),
        ), when=("in_cis", False)),
    ),
    OtherCause: (
        Line((Question("cause", "The other cause, with its source", Kind.WORDS),)),
        Line((Question("explains_all", "Explains the whole disease?", Kind.ANSWER),)),
    ),
}
_OPTIONS: dict[str, Sequence[StrEnum]] = {"readout": list(Readout)}
_BASES: dict[type[AnyObservation], Sequence[StrEnum]] = {Functional: list(FunctionalBasis), Cases: list(CasesBasis)}


def draw(form: type[AnyObservation], before: AnyObservation | None, key: str) -> None:
    """Draw the questions, answered as in `before`."""
    standing = before if isinstance(before, form) else form()
    for line in _FORMS[form]:
        if line.when is not None and _value(form, line.when[0], standing, key) != line.when[1]:
            continue
        with st.container(gap="xxsmall"):
            if line.heading:
                st.caption(f"**{line.heading}**")
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                for one in line.questions:
                    _ask(form, one, getattr(standing, one.name), f"{key}.{one.name}")


def read(form: type[AnyObservation], before: AnyObservation | None, key: str) -> AnyObservation:
    """Return what the widgets say, `before` where they were not drawn yet."""
    standing = before if isinstance(before, form) else form()
    return form.model_validate({name: _value(form, name, standing, key) for name in form.model_fields if name != "form"})


def _value(form: type[AnyObservation], name: str, standing: AnyObservation, key: str) -> object:
    value = st.session_state.get(f"{key}.{name}", getattr(standing, name))
    default = form.model_fields[name].default
    if value is None and default is not None:  # a number that was emptied, a choice that was clicked away
        return default
    return value


def _ask(form: type[AnyObservation], one: Question, standing: object, key: str) -> None:
    tip = one.help or None
    if one.kind in (Kind.COUNT, Kind.PEOPLE):
        most = MAX_COUNT if one.kind is Kind.COUNT else MAX_PEOPLE
        st.number_input(one.label, 0, most, standing if isinstance(standing, int) else 0, key=key, help=tip, width=_WIDTH)
    elif one.kind is Kind.NUMBER:
        value = standing if isinstance(standing, float) else None
        st.number_input(one.label, 0.0, 1e6, value, key=key, help=tip, width=_WIDTH, format="%0.4g", placeholder="not entered")
    elif one.kind is Kind.ANSWER:
        st.segmented_control(
            one.label, [True, False], default=standing, format_func=_YES_NO.__getitem__, key=key, help=tip, width="content"
        )
    elif one.kind is Kind.PICK:
        options = _OPTIONS[one.name]
        st.segmented_control(one.label, options, default=standing, key=key, format_func=_capital, help=tip)
    elif one.kind is Kind.CHOICE:
        options = _BASES[form]
        index = next(number for number, option in enumerate(options) if option == standing)
        st.selectbox(one.label, options, index=index, key=key, format_func=_capital, help=tip)
    else:
        st.text_input(one.label, str(standing or ""), max_chars=MAX_WORDS, key=key, help=tip)


def _capital(value: StrEnum) -> str:
    return f"{value[:1].upper()}{value[1:]}"
