"""The parts every report ends with: the quoted answer, methods, limits, sources and versions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from services.reports.blocks import Cited, Item, Section, SourceRegister, Writer
from services.reports.choices import AssistantAnswer
from services.reports.facts import Facts

DISCLAIMER = "Decision support for clinicians, not a diagnosis; not for time-critical use."

_METHODS = (
    "Autoantibodies are read from the laboratory's flag, titer, words and range together; a contradiction is reported as one.",
    "Laboratory values are converted to one unit for each test and compared with the reporting laboratory's limits; typical "
    "adult limits are used, and named as such, only where none were sent.",
    "Activity instruments are computed from their published formulas. An instrument with a missing input has no value.",
    "Classification criteria are evaluated with open items left open: 'not decided' means that an open item could change it.",
    "The differential compares hypotheses by the antibodies, findings and alleles recorded; the figure is relative support.",
    "Flare risk is an ordered class from counted, published predictors; no probability is computed.",
    "Treatments are checked against label indications and safety rules; the order says nothing about efficacy.",
)
_LIMITS = (
    "What is not recorded is unknown: it is never read as zero, normal or negative.",
    "The rules cover thirteen autoimmune diseases, their drugs, and some conditions that resemble them.",
    "The record was not compared with the patient: identity, dates and transcription need a person's check.",
)


def answer(given: AssistantAnswer, register: SourceRegister) -> Section:
    """Quote the answer to a question, marked with where it came from."""
    writer = Writer(register)
    if given.origin == "request":
        origin = (
            "This text was handed in with the request for the report. It was not checked here and is treated as AI-assisted."
        )
    elif given.model is not None:
        origin = f"AI-assisted: written by the language model {given.model} from retrieved passages. A person must check it."
    else:
        origin = "Quoted passages from the evidence; no language model took part."
    writer.paragraph(origin, "strong")
    if given.question:
        writer.paragraph(f"Question: {given.question}")
    writer.quote(given.text)
    writer.paragraph("Numbers in square brackets inside the quotation belong to its own sources, not to the list below.", "note")
    return writer.section("answer", "Answer to a question")


def methods(register: SourceRegister) -> Section:
    return Writer(register).bullets(_METHODS).section("methods", "Methods")


def limits(facts: Facts, remarks: Iterable[str], register: SourceRegister) -> Section:
    """What the report cannot say, in general and for this patient."""
    writer = Writer(register).paragraph(DISCLAIMER, "strong")
    writer.bullets([*_LIMITS, *remarks, *(note for note in facts.notes if note)])
    problems = [Item(lead=f"{one.name}:", text=one.message) for one in facts.problems]
    if problems:
        writer.subheading("Sent, but not usable as sent").bullets(problems)
    if facts.questions:
        writer.subheading("Open questions about names").bullets(facts.questions)
    if facts.unrecognised:
        writer.subheading("Names nobody here knows: not checked, not counted").bullets(facts.unrecognised)
    return writer.section("limits", "Limits")


def sources(cited: tuple[Cited, ...], register: SourceRegister) -> Section:
    """The numbered list. Written last: nothing may be cited after it."""
    writer = Writer(register)
    if not cited:
        writer.paragraph("No source is cited in this report.")
    writer.bullets(Item(lead=f"[{number}]", text=str(source)) for number, source in enumerate(cited, start=1))
    return writer.section("sources", "Sources")


def versions(
    known: Mapping[str, str], rules: tuple[str, ...], analysed_on: datetime.date | None, register: SourceRegister
) -> Section:
    """What the report was made with, so that it can be made again."""
    writer = Writer(register)
    items = [Item(lead=f"{name}:", text=value) for name, value in known.items()]
    if analysed_on is not None:
        items.append(Item(lead="analysed on:", text=analysed_on.isoformat()))
    if rules:
        items.append(Item(lead="rules:", text=", ".join(rules)))
    return writer.bullets(items).section("versions", "Versions")
