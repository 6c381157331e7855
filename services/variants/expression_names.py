"""Which column does a typed name mean? Its own name; else the one column with that name after its prefix or before its sample."""

from __future__ import annotations

from services.errors import InvalidInputError
from services.variants.filters import TableFacts

_PREFIXES = ("info_", "csq_", "ann_", "bcsq_", "file_", "fmt_")
_MEANT = {
    "gnomad_af": "af", "gnomad_popmax_af": "popmax_af", "gnomad_nhomalt": "homozygotes", "clinvar": "clinvar_significance",
    "clnsig": "clinvar_significance", "clin_sig": "clinvar_significance", "symbol": "gene", "hgvsp": "hgvs_p", "hgvsc": "hgvs_c",
}  # fmt: skip
"""What people call the columns that annotation makes; a column of the file with that name comes first."""
_SHOWN_NAMES = 6
_SHOWN_CHARACTERS = 60


class Names:
    """The names of one table's columns, short forms included."""

    def __init__(self, table: TableFacts) -> None:
        self._table = table
        self._short: dict[str, list[str]] = {}
        for name in table.columns:
            for form in {name.lower(), *_short_forms(name)}:
                self._short.setdefault(form, []).append(name)

    def column(self, written: str, at: int) -> str:
        """Return the column's name in the table. A full name wins over short forms.

        :raise InvalidInputError: no column is meant, or several may be; names them.
        """
        if written in self._table.columns:
            return written
        lowered = written.lower()
        meant = self._short.get(lowered, [])
        exact = [name for name in meant if name.lower() == lowered]
        usual = _MEANT.get(lowered, "")
        meant = exact or meant or ([usual] if usual in self._table.columns else [])
        shown = written[:_SHOWN_CHARACTERS]
        if not meant:
            raise InvalidInputError(f"at character {at}: the table has no column {shown!r}{self._hint(lowered)}")
        if len(meant) > 1:
            choice = ", ".join(meant[:_SHOWN_NAMES]) + (", ..." if len(meant) > _SHOWN_NAMES else "")
            raise InvalidInputError(f"at character {at}: {shown!r} may mean several columns, write one of {choice}")
        return meant[0]

    def _hint(self, lowered: str) -> str:
        if len(lowered) < 2 or len(lowered) > _SHOWN_CHARACTERS:
            return ""
        parts = lowered.split("_")
        close = [name for name in self._table.columns if all(part in name.lower() for part in parts)][:_SHOWN_NAMES]
        return f"; there is {', '.join(close)}" if close else ""


def _short_forms(name: str) -> set[str]:
    lowered = name.lower()
    forms = {lowered.removeprefix(prefix) for prefix in _PREFIXES}
    if lowered.startswith(("fmt_", "zygosity.")):  # `fmt_GQ.<sample>`: the field alone, where there is one sample
        forms |= {form.split(".", 1)[0] for form in forms} - {""}
    return forms
