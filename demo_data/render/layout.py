"""Sets one document: patient details, sections with the facts they hold, signature."""

from __future__ import annotations

from demo_data.render.facts import PRINTERS
from demo_data.render.page import GREY, Page
from demo_data.schema import Block, DemoDocument, DemoPatient, DocumentType, Section

_CLOSING = frozenset(
    "assessment impression plan comment conclusion decision disposition recommendation recommendations request".split()
)
_DIAGNOSES_LAST = frozenset({DocumentType.PROGRESS_NOTE, DocumentType.CONSULT, DocumentType.ED_NOTE})


def render_document(patient: DemoPatient, document: DemoDocument) -> bytes:
    """Return the PDF of one document. Its dates come from the document, so the bytes depend on the source only."""
    page = Page(patient, document)
    page.put(document.title, page.left, page.get_y(), size=14, bold=True)
    page.set_y(page.get_y() + 8)
    _details(page)
    for section in _arranged(document):
        page.heading(section.heading)
        for paragraph in section.paragraphs:
            page.paragraph(paragraph)
        for bullet in section.bullets:
            page.bullet(bullet)
        if section.bullets:
            page.set_y(page.get_y() + 1.2)
        if section.block is not None:
            PRINTERS[section.block][1](page, document)
    _signature(page)
    return bytes(page.output())


def _facts(document: DemoDocument) -> list[Block]:
    return [block for block in PRINTERS if getattr(document, block.value)]


def _arranged(document: DemoDocument) -> list[Section]:
    """Return the sections with the facts that no section places put before the first closing section."""
    placed = {section.block for section in document.sections}
    loose = [
        Section(heading=PRINTERS[block][0], block=block) for block in _facts(document) if block not in placed
    ]
    if document.type is DocumentType.LAB_REPORT:
        return [*loose, *document.sections]
    at = next(
        (i for i, s in enumerate(document.sections) if not _CLOSING.isdisjoint(s.heading.lower().split())),
        len(document.sections),
    )
    last = [s for s in loose if s.block is Block.DIAGNOSES and document.type in _DIAGNOSES_LAST]
    before = [s for s in loose if s not in last]
    return [*document.sections[:at], *before, *document.sections[at:], *last]


def _details(page: Page) -> None:
    patient, document = page.patient, page.document
    written = page.head.written
    sex = {"F": "Female", "M": "Male"}[patient.sex]
    who = "Reported by" if document.type.value.endswith("_report") else "Author"
    pairs = (
        ("Patient", patient.name), ("MRN", patient.mrn),
        ("Date of birth", written(patient.dob)), ("Age / sex", f"{patient.age_on(document.date)} years / {sex}"),
        ("Date", written(document.date)), (who, f"{document.author.name}, {document.author.credentials}"),
    )
    top = page.get_y()
    boxed = page.head.header in ("band", "centred")
    if boxed:
        page.set_fill_color(244, 246, 248)
        page.set_draw_color(200, 205, 210)
        page.rect(page.left, top, page.body, 18, style="DF")
    for index, (label, value) in enumerate(pairs):
        x = page.left + (2 if boxed else 0) + (index % 2) * page.body * 0.47
        y = top + 1.6 + (index // 2) * 5.2
        page.put(f"{label}:", x, y, size=9, colour=GREY)
        page.put(value, x + 23, y, size=9.5, bold=index == 0)
    page.set_y(top + 18)
    if not boxed:
        page.rule(top + 18, (200, 205, 210), 0.2)
    page.set_y(top + 20)


def _signature(page: Page) -> None:
    author = page.document.author
    page.need(8)
    page.set_y(page.get_y() + 2)
    verb = "Verified by" if page.document.type is DocumentType.LAB_REPORT else "Electronically signed by"
    page.paragraph(f"{verb} {author.name}, {author.credentials}, {page.head.written(page.document.date)}", size=9)
