"""Prints the structured facts of a document, each kind in the table style of its facility.

Every fact appears in the page's text: the facts are the ground truth that extraction is measured against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from demo_data.render.page import TEXT_SIZE, Page
from demo_data.render.tables import draw_table
from demo_data.schema import (
    ActivityScore,
    AntibodyFinding,
    Block,
    DemoDocument,
    LabPanel,
    LabResult,
    Medication,
    MedicationStatus,
    TableStyle,
)

_FLAGS = {"L": "Low", "H": "High", "A": "Abnormal"}
_PREPOSITIONS = {MedicationStatus.PLANNED: "from", MedicationStatus.CURRENT: "since"}
_COLUMNS_PER_CUMULATIVE_TABLE = 6
_GRID = (TableStyle.BORDERED, TableStyle.RULED, TableStyle.ZEBRA)


def _grid(style: TableStyle) -> TableStyle:
    return style if style in _GRID else TableStyle.RULED


def print_labs(page: Page, document: DemoDocument) -> None:
    """Print every panel; a cumulative document shows its dates side by side."""
    style = document.table_style
    if style is TableStyle.CUMULATIVE:
        _cumulative_labs(page, document.labs)
        return
    for panel in document.labs:
        caption = f"{panel.name} — collected {page.head.written(panel.specimen_date)}"
        if panel.laboratory != page.head.name:
            caption += f" ({panel.laboratory})"
        page.need(22)
        page.paragraph(caption, bold=True, after=0.6)
        {TableStyle.NARRATIVE: _narrative_panel, TableStyle.COLUMNS: _paired_panel}.get(style, _panel)(page, panel, style)


def _panel(page: Page, panel: LabPanel, style: TableStyle) -> None:
    heads: tuple[str, ...] = ("Test", "Result", "Flag", "Units", "Reference range")
    widths: tuple[float, ...] = (36.0, 26.0, 9.0, 28.0, 28.0)
    rows: list[tuple[str, ...]] = [
        (r.test, r.shown, r.flag or "", r.unit or "", r.reference_range or "") for r in panel.results
    ]
    if style is TableStyle.RULED:
        heads, widths = ("Analyte", "Result", "Unit", "Reference"), (38.0, 26.0, 26.0, 26.0)
        rows = [(test, f"{shown} {flag}".strip(), unit, reference) for test, shown, flag, unit, reference in rows]
    draw_table(page, heads, rows, widths, style, [r.flag is not None for r in panel.results])


def _paired_panel(page: Page, panel: LabPanel, style: TableStyle) -> None:
    del style
    half = (len(panel.results) + 1) // 2
    rows = []
    for index in range(half):
        right = panel.results[index + half] if index + half < len(panel.results) else None
        rows.append((*_short(panel.results[index]), *(_short(right) if right else ("", "", ""))))
    heads = ("Test", "Result", "Reference") * (2 if len(panel.results) > 1 else 1)
    trimmed = [row[: len(heads)] for row in rows]
    draw_table(page, heads, trimmed, (25.0, 25.0, 18.0) * (len(heads) // 3), TableStyle.RULED)


def _short(result: LabResult) -> tuple[str, str, str]:
    shown = f"{result.shown} {result.unit or ''}".strip()
    return result.test, f"{shown} ({result.flag})" if result.flag else shown, result.reference_range or ""


def _narrative_panel(page: Page, panel: LabPanel, style: TableStyle) -> None:
    del style
    phrases = []
    for result in panel.results:
        phrase = f"{result.test} {result.shown} {result.unit or ''}".strip()
        notes = [_FLAGS[result.flag].lower()] if result.flag else []
        notes += [f"ref {result.reference_range}"] if result.reference_range else []
        phrases.append(f"{phrase} ({', '.join(notes)})" if notes else phrase)
    page.paragraph("; ".join(phrases) + ".")


def _cumulative_labs(page: Page, panels: Sequence[LabPanel]) -> None:
    days = sorted({panel.specimen_date for panel in panels})
    tests: dict[str, LabResult] = {}
    by_day: dict[tuple[str, date], LabResult] = {}
    for panel in panels:
        for result in panel.results:
            tests[result.test] = result
            by_day[result.test, panel.specimen_date] = result
    page.paragraph(f"Cumulative results, {panels[-1].laboratory}", bold=True, after=0.6)
    for start in range(0, len(days), _COLUMNS_PER_CUMULATIVE_TABLE):
        shown = days[start : start + _COLUMNS_PER_CUMULATIVE_TABLE]
        rows = [
            (
                f"{test} ({result.unit})" if result.unit else test,
                result.reference_range or "",
                *(_cell(by_day.get((test, day))) for day in shown),
            )
            for test, result in tests.items()
            if any((test, day) in by_day for day in shown)
        ]
        heads = ("Test (unit)", "Reference", *(day.isoformat() for day in shown))
        draw_table(page, heads, rows, (38.0, 22.0, *(20.0 for _ in shown)), TableStyle.CUMULATIVE)


def _cell(result: LabResult | None) -> str:
    return "" if result is None else f"{result.shown} {result.flag or ''}".strip()


def print_antibodies(page: Page, document: DemoDocument) -> None:
    """Print autoantibodies with their interpretation; several dates stand side by side."""
    page.need(22)
    days = sorted({finding.specimen_date for finding in document.antibodies})
    if len(days) > 1:
        _cumulative_antibodies(page, document.antibodies, days)
        return
    page.paragraph(f"Autoantibodies — collected {page.head.written(days[0])}", bold=True, after=0.6)
    if document.table_style is TableStyle.NARRATIVE:
        page.paragraph("; ".join(_antibody_phrase(finding) for finding in document.antibodies) + ".")
        return
    rows = [
        (f.name, _antibody_value(f), f.pattern or "", "POSITIVE" if f.positive else "Negative", f.reference_range or "")
        for f in document.antibodies
    ]
    heads = ("Antibody", "Result", "Pattern", "Interpretation", "Reference")
    marked = [finding.positive for finding in document.antibodies]
    draw_table(page, heads, rows, (32.0, 26.0, 26.0, 24.0, 22.0), _grid(document.table_style), marked)


def _antibody_value(finding: AntibodyFinding) -> str:
    return f"{finding.shown} {finding.unit or ''}".strip()


def _antibody_phrase(finding: AntibodyFinding) -> str:
    pattern = f", {finding.pattern} pattern" if finding.pattern else ""
    verdict = "positive" if finding.positive else "negative"
    value = "" if finding.shown.lower() == verdict else f" {_antibody_value(finding)}"
    reference = f"; ref {finding.reference_range}" if value and finding.reference_range else ""
    return f"{finding.name}{value}{pattern} ({verdict}{reference})"


def _cumulative_antibodies(page: Page, findings: Sequence[AntibodyFinding], days: Sequence[date]) -> None:
    names = {finding.name: finding for finding in findings}
    by_day = {(finding.name, finding.specimen_date): finding for finding in findings}
    page.paragraph("Autoantibodies, cumulative", bold=True, after=0.6)
    for start in range(0, len(days), _COLUMNS_PER_CUMULATIVE_TABLE):
        shown = days[start : start + _COLUMNS_PER_CUMULATIVE_TABLE]
        rows = []
        for name, latest in names.items():
            cells = [by_day.get((name, day)) for day in shown]
            if any(cells):
                label = f"{name} ({latest.unit})" if latest.unit else name
                written = tuple(f"{c.shown} {'POS' if c.positive else 'neg'}" if c else "" for c in cells)
                rows.append((label, latest.reference_range or "", *written))
        heads = ("Antibody (unit)", "Reference", *(day.isoformat() for day in shown))
        draw_table(page, heads, rows, (38.0, 22.0, *(20.0 for _ in shown)), TableStyle.CUMULATIVE)


def print_hla(page: Page, document: DemoDocument) -> None:
    """Print the typing by locus, with the method."""
    if document.hla is None:
        return
    loci: dict[str, list[str]] = {}
    for allele in document.hla.alleles:
        loci.setdefault(allele.partition("*")[0], []).append(allele)
    rows = [(f"HLA-{locus}", alleles[0], alleles[1] if len(alleles) > 1 else "") for locus, alleles in loci.items()]
    draw_table(page, ("Locus", "Allele 1", "Allele 2"), rows, (20.0, 30.0, 30.0), _grid(document.table_style))
    page.paragraph(f"Method: {document.hla.method}.", size=9)


def print_medications(page: Page, document: DemoDocument) -> None:
    """Print medications with dose, route, frequency, status and dates."""
    if document.table_style in (TableStyle.NARRATIVE, TableStyle.COLUMNS):
        for item in document.medications:
            how = " ".join(part for part in (item.dose, item.route, item.frequency) if part)
            page.bullet(f"{item.name} {how} — {_status(page, item)}")
        page.set_y(page.get_y() + 1.5)
        return
    rows = [(m.name, m.dose, m.route, m.frequency, _status(page, m)) for m in document.medications]
    heads = ("Medication", "Dose", "Route", "Frequency", "Status")
    draw_table(page, heads, rows, (30.0, 22.0, 20.0, 26.0, 42.0), _grid(document.table_style))


def _status(page: Page, item: Medication) -> str:
    text = item.status.value
    if item.status is MedicationStatus.STOPPED or item.status is MedicationStatus.PAST:
        if item.start and item.stop:
            text += f" ({page.head.written(item.start)} to {page.head.written(item.stop)})"
        elif item.stop:
            text += f" {page.head.written(item.stop)}"
    elif item.start:
        text += f" {_PREPOSITIONS.get(item.status, 'on')} {page.head.written(item.start)}"
    return f"{text}; {item.note}" if item.note else text


def print_diagnoses(page: Page, document: DemoDocument) -> None:
    """Print the problem list with the certainty of each diagnosis."""
    for number, item in enumerate(document.diagnoses, start=1):
        since = "" if item.date == document.date else f", {page.head.written(item.date)}"
        page.bullet(f"{item.name} — {item.status.replace('_', ' ')}{since}", mark=f"{number}.")
    page.set_y(page.get_y() + 1.5)


def print_procedures(page: Page, document: DemoDocument) -> None:
    """Print each procedure with its date and finding."""
    for item in document.procedures:
        page.paragraph(f"{item.name}, {page.head.written(item.date)}", bold=True, after=0.3)
        page.paragraph(item.finding)


def print_imaging(page: Page, document: DemoDocument) -> None:
    """Print each imaging finding under its modality and region."""
    for item in document.imaging:
        page.paragraph(f"{item.modality}, {item.region}", bold=True, after=0.3)
        page.paragraph(item.finding)


def print_activity(page: Page, document: DemoDocument) -> None:
    """Print each instrument's value and the items that give it."""
    for score in document.activity:
        page.paragraph(f"{score.instrument}: {_number(score.value)}", bold=True, after=0.3)
        if score.items:
            page.paragraph("Items: " + "; ".join(_items(score)) + ".", size=TEXT_SIZE - 0.5)


def _items(score: ActivityScore) -> Iterable[str]:
    return (f"{name} {_number(value)}" for name, value in score.items.items())


def _number(value: float) -> str:
    return f"{value:g}"


PRINTERS: dict[Block, tuple[str, Callable[[Page, DemoDocument], None]]] = {
    Block.ACTIVITY: ("Disease Measures", print_activity),
    Block.IMAGING: ("Imaging", print_imaging),
    Block.PROCEDURES: ("Procedures", print_procedures),
    Block.LABS: ("Laboratory Data", print_labs),
    Block.ANTIBODIES: ("Immunology", print_antibodies),
    Block.HLA: ("HLA Typing", print_hla),
    Block.DIAGNOSES: ("Diagnoses", print_diagnoses),
    Block.MEDICATIONS: ("Medications", print_medications),
}
