"""A report as Markdown: every text is escaped, so that nothing in a record or an answer becomes a link, an image or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.reports.blocks import Block, BulletList, Item, Paragraph, Quote, Section, Subheading, Table, marks
from services.reports.choices import Standing, stamp
from services.reports.content import ReportContent

# Control characters, zero-width signs and direction overrides hide text from the reader.
_INVISIBLE = dict.fromkeys(
    [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
     *range(0x2060, 0x2070), 0xFEFF, *range(0xE0000, 0xE0080)]
)  # fmt: skip
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
_LINE_START = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[#+=-]+(?:\s|$)))")  # a list, a heading, an underline
# addresses and `:names:` are turned into links and pictures by some renderers
_AUTOMATIC = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@\w)|(?=:[A-Za-z_/-]+:)")
_NOTHING = "-"


def visible(text: str) -> str:
    """Return `text` without characters that hide or reorder what stands beside them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)


def escape(text: str) -> str:
    """Return `text` as one line that Markdown shows as written."""
    flat = " ".join(visible(text).split())
    escaped = _AUTOMATIC.sub(r"\\", _SPECIAL.sub(r"\\\1", flat))
    return _LINE_START.sub(r"\1\\", escaped)


def to_markdown(content: ReportContent, standing: Standing) -> str:
    """Write the whole report; ends with a newline."""
    lines = [
        f"# {content.title}", f"## Patient: {escape(content.patient.id)}", "", escape(content.patient.line()), "",
        f"**{escape(standing.mark(ai_assisted=content.is_ai_assisted))}**", "", f"*{escape(content.disclaimer)}*", "",
    ]  # fmt: skip
    for section in content.sections:
        lines += section_lines(section)
    lines += ["## Signature", "", *(f"- {escape(line)}" for line in signature_lines(standing)), ""]
    if not standing.is_signed:
        lines += ["Name, date, signature:", ""]
    return "\n".join(lines)


def section_lines(section: Section) -> list[str]:
    """Write one section with its heading."""
    lines = [f"## {escape(section.title)}", ""]
    for block in section.blocks:
        lines += [*_block(block), ""]
    return lines


def signature_lines(standing: Standing) -> list[str]:
    """Say who made, reviewed and signed the report, and how to check it."""
    which = f"Report {standing.id}, version {standing.version}" if standing.id else "This export is not kept as a report"
    lines = [f"{which}; prepared {stamp(standing.prepared_at)}."]
    if standing.reviewed_by:
        lines.append(f"Reviewed by {standing.reviewed_by}, {stamp(standing.reviewed_at)}.")
    if standing.is_signed:
        lines.append(f"Signed electronically by {standing.signed_by}, {stamp(standing.signed_at)}.")
    else:
        lines.append("Not signed.")
    if standing.digest:
        lines.append(f"SHA-256 of the {'signed' if standing.is_signed else 'draft'} content: {standing.digest}")
    return lines


def _block(block: Block) -> Iterable[str]:
    if isinstance(block, Paragraph):
        return [_paragraph(block)]
    if isinstance(block, Subheading):
        return [f"### {escape(block.text)}"]
    if isinstance(block, BulletList):
        return [f"- {_item(one)}" for one in block.items]
    if isinstance(block, Quote):
        return [f"> {escape(line)}" if line.strip() else ">" for line in visible(block.text).split("\n")]
    return _table(block)


def _paragraph(block: Paragraph) -> str:
    text = escape(block.text)
    shown = {"strong": f"**{text}**", "note": f"*{text}*"}.get(block.style, text)
    return f"{shown} {escape(marks(block.cites))}".strip()


def _item(one: Item) -> str:
    lead = f"**{escape(one.lead)}** " if one.lead else ""
    return f"{lead}{escape(one.text)} {escape(marks(one.cites))}".strip()


def _table(block: Table) -> Iterator[str]:
    yield f"| {' | '.join(escape(head) for head in block.heads)} |"
    yield f"| {' | '.join('---' for _ in block.heads)} |"
    for row in block.rows:
        cells = [escape(cell) or _NOTHING for cell in row.cells]
        if row.strong:
            cells = [f"**{cells[0]}**", *cells[1:]]
        yield f"| {' | '.join(cells)} |"
