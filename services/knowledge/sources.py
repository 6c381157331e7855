"""Where a fact comes from: the only shape in which the product cites a publication.

A PMID is printed only when number and paper were looked up and found to agree (`CONFIRMED_PMIDS`); any other source is
cited by author, year and journal, or by DOI. The model refuses an unconfirmed PMID, so a wrong number cannot enter
through a data file.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

CONFIRMED_PMIDS = frozenset(
    """
    31568151 1727768 27358333 16698746 24911054 25546242 30511687 20713950 21912932 29031612 22087014 19596691 34163474
    22590574 27000234 19790126 23754628 1984192 9751093 11677200 9420337 31383717 20699241 27785888 19297344 29275977
    26092914 36706773 26404926 27521067 30283735 25266247 33144515 9324014 21833088 27509100 35081280 30002145 28056690
    24092682 16871531 34590174 30626657 30862649 28544593 26343388 18252895 25559196 7641412 10449104 22595313 22238138
    28255449 31385462 20872595 24122180 11838846 34819388 31177185 34297684 26992838 15743917 18256392 15057820 29392710
    26094938 24561393 30447069 25217962 26599303 27476722
    """.split()
)


class Source(BaseModel):
    """One citable source. `citation` is always present: author, year, journal or body, in that order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    citation: str = Field(min_length=4)
    pmid: str | None = None
    doi: str | None = None

    # a rule of the field, not of the model: a model's own would run again wherever a source is handed on
    @field_validator("pmid")
    @classmethod
    def _refuse_unconfirmed_pmid(cls, pmid: str | None) -> str | None:
        if pmid is not None and pmid not in CONFIRMED_PMIDS:
            raise ValueError(f"PMID {pmid} is not confirmed: cite by author, year and journal, or by DOI")
        return pmid

    def __str__(self) -> str:
        """Render as one line, e.g. `Aringer 2019, Arthritis Rheumatol. PMID 31385462`."""
        parts = [self.citation]
        if self.pmid:
            parts.append(f"PMID {self.pmid}")
        if self.doi:
            parts.append(f"doi:{self.doi}")
        return ". ".join(parts)
