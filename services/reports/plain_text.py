"""A report as plain text, to be pasted into a record system that knows no formatting."""

from __future__ import annotations

import textwrap

from services.reports.blocks import Block, BulletList, Paragraph, Quote, Section, Subheading, Table, marks
from services.reports.choices import Standing
from services.reports.content import ReportContent
from services.reports.markdown import signature_lines, visible

WIDTH = 100


def to_plain_text(content: ReportContent, standing: Standing) -> str:
    """Write the whole report in lines of at most `WIDTH` characters; ends with a newline."""
    lines = [
        content.title.upper(), *_wrapped(content.patient.line()), standing.mark(ai_assisted=content.is_ai_assisted),
        content.disclaimer, "",
    ]  # fmt: skip
    for section in content.sections:
        lines += _section(section)
    lines += ["SIGNATURE", *(line for text in signature_lines(standing) for line in _wrapped(text))]
    if not standing.is_signed:
        lines.append("Name, date, signature:")
    lines.append("")
    return "\n".join(lines)


def _section(section: Section) -> list[str]:
    lines = [section.title.upper()]
    for block in section.blocks:
        lines += _block(block)
    return [*lines, ""]


def _block(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return _wrapped(f"{block.text} {marks(block.cites)}")
    if isinstance(block, Subheading):
        return ["", f"{block.text}"]
    if isinstance(block, BulletList):
        return [line for one in block.items for line in _wrapped(f"{one.lead} {one.text} {marks(one.cites)}", "- ", "  ")]
    if isinstance(block, Quote):
        return [line for text in block.text.split("\n") for line in _wrapped(text, "> ", "> ")]
    return _table(block)


def _table(block: Table) -> list[str]:
    """One line for each row, the cells named: columns do not survive a proportional typeface."""
    lines: list[str] = []
    for row in block.rows:
        first, *rest = row.cells
        named = [f"{head.lower()}: {cell}" for head, cell in zip(block.heads[1:], rest, strict=True) if cell]
        lines += _wrapped("; ".join([first, *named]), "- ", "  ")
    return lines


def _wrapped(text: str, first: str = "", following: str = "") -> list[str]:
    flat = " ".join(visible(text).split())
    lines = textwrap.wrap(flat, WIDTH, initial_indent=first, subsequent_indent=following, break_on_hyphens=False)
    return lines or [first.rstrip()]
