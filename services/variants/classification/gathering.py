"""Builds what the rules judge from what is known: table row, installed packs, gene models, built-in knowledge.

One variant and ten thousand are gathered the same way, with a handful of questions to each pack. What is not known stays None,
and `gaps` says why; a pack that is not installed is a gap, never an empty finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.genomics.acmg.record import Effect, VariantRecord
from services.genomics.genome import GenomeBuild
from services.knowledge.genes import genes_at
from services.variants.classification.changes import Change
from services.variants.classification.content import EvidenceRow
from services.variants.classification.frequencies import COVERED_NEAR
from services.variants.classification.gaps import Gap
from services.variants.classification.gene_facts import GeneView, view_of
from services.variants.classification.loss import LossFacts, loss_facts
from services.variants.classification.neighbours import WINDOW
from services.variants.classification.packs import Found, PackReader, Site
from services.variants.classification.row_facts import RowFacts
from services.variants.classification.transcripts import Placed, Transcripts, of_place
from services.variants.identity import VariantIdentity
from services.variants.reference.model import PackKind

SCORES = (PackKind.REVEL, PackKind.ALPHAMISSENSE, PackKind.SPLICEAI)
_CLINVAR = ("variation_id", "significance", "stars", "review_status", "conditions", "molecular_consequence", "rsid")
_FREQUENCY = (
    "ac", "an", "af", "homozygotes", "hemizygotes", "popmax_population", "popmax_ac", "popmax_an", "popmax_af", "faf95", "passed",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One variant to gather evidence for. `row` is what its table says; `gene` and `condition` narrow it where they are given."""

    identity: VariantIdentity
    row: RowFacts = field(default_factory=RowFacts)
    gene: str = ""
    condition: str = ""
    stamps: tuple[str, ...] = ()
    """The packs the row was annotated with."""

    @property
    def site(self) -> Site:
        variant = self.identity.variant
        return Site(variant.chromosome, variant.position, variant.ref, variant.alt)


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that was found for one variant, before it is turned into record and evidence."""

    question: Question
    build: GenomeBuild
    placed: Placed | None
    change: Change | None
    gene: GeneView
    found: Mapping[PackKind, Found | None]
    covered: int | None
    """The number of alleles called right beside the variant, where the frequency pack does not have it."""
    has_models: bool
    has_sequence: bool
    loss: LossFacts = field(default_factory=LossFacts)

    @property
    def hgvs_coding(self) -> str:
        """The change of the transcript as the row names it, else worked out on the transcript it is read on."""
        told = self.question.row.hgvs_coding
        return told or ("" if self.placed is None else self.placed.named(self.question.site))

    def row_of(self, kind: PackKind) -> Mapping[str, object] | None:
        found = self.found.get(kind)
        return None if found is None else found.exactly(self.question.site)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The record for the rules, the evidence as it is shown, and why what is missing is missing."""

    record: VariantRecord
    evidence: tuple[EvidenceRow, ...]
    gaps: Mapping[Gap, str]
    gene: str
    transcript: str
    hgvs_coding: str
    hgvs_protein: str
    effect_known: bool
    protein: str = ""
    """The change of the protein in any code, blank where it is not known."""
    exon: int | None = None
    """Number of the exon on the transcript, from 1."""
    is_longer: bool = False
    """Whether the alternate allele has more bases."""


class Gatherer:
    """Asks packs, gene models and knowledge. Safe for use from several threads."""

    def __init__(self, packs: PackReader) -> None:
        self.packs = packs
        self.transcripts = Transcripts(packs)

    def known(self, build: GenomeBuild, questions: Sequence[Question]) -> list[Known]:
        """Find what there is for variants of one build, in the order given."""
        placed = self._placed(build, questions)
        changes = [
            one.transcript.change(q.site.pos, q.site.ref, q.site.alt) if one is not None else None
            for q, one in zip(questions, placed, strict=True)
        ]
        symbols = [_symbol(q, one) for q, one in zip(questions, placed, strict=True)]
        constraint = self.packs.constraint(build, filter(None, symbols))
        found = self._found(build, questions, placed, changes)
        frequencies = found[PackKind.FREQUENCIES]
        absent = [
            (q.site.chrom, q.site.pos) for q in questions if frequencies is not None and frequencies.exactly(q.site) is None
        ]
        covered = self.packs.called_near(build, absent, COVERED_NEAR, 1)
        has_models = self.packs.pack(PackKind.GENE_MODELS, build) is not None
        has_sequence = self.transcripts.has_sequence(build)
        asked = [(q.site, one, change) for q, one, change in zip(questions, placed, changes, strict=True)]
        losses = loss_facts(self.packs, build, asked)
        return [
            Known(
                q, build, one, change, view_of(symbol, q.condition, constraint), found,
                covered.get((q.site.chrom, q.site.pos)), has_models, has_sequence, loss,
            )
            for q, one, change, symbol, loss in zip(questions, placed, changes, symbols, losses, strict=True)
        ]

    def close(self) -> None:
        self.transcripts.close()
        self.packs.close()

    def _placed(self, build: GenomeBuild, questions: Sequence[Question]) -> list[Placed | None]:
        spans: dict[str, list[int]] = defaultdict(list)
        for one in questions:
            spans[one.site.chrom] += [one.site.pos, one.site.pos + len(one.site.ref)]
        over = {chrom: self.transcripts.over(build, chrom, min(ends), max(ends)) or () for chrom, ends in spans.items()}
        return [
            of_place(over[q.site.chrom], q.site.pos, q.site.pos + len(q.site.ref) - 1, q.gene or q.row.gene) for q in questions
        ]

    def _found(
        self, build: GenomeBuild, questions: Sequence[Question], placed: Sequence[Placed | None],
        changes: Sequence[Change | None],
    ) -> dict[PackKind, Found | None]:
        own = [(q.site.chrom, q.site.pos) for q in questions]
        around = list(own)
        for q, one, change in zip(questions, placed, changes, strict=True):
            if one is not None and change is not None and change.effect is Effect.MISSENSE and change.residue:
                near = one.transcript.positions_of(change.residue - WINDOW, change.residue + WINDOW)
                around += [(q.site.chrom, place) for place in near]
        found = {kind: self.packs.at(kind, build, own, ("score", "transcript")) for kind in SCORES}
        found[PackKind.CLINVAR] = self.packs.at(PackKind.CLINVAR, build, around, _CLINVAR)
        found[PackKind.FREQUENCIES] = self.packs.at(PackKind.FREQUENCIES, build, own, _FREQUENCY)
        return found


def _symbol(question: Question, placed: Placed | None) -> str:
    """Return the gene: the one asked for, the row's, the transcript's, else the only one the built-in table has at the place."""
    named = question.gene or question.row.gene.split(",")[0].split("&")[0] or (placed.gene if placed else "")
    if named:
        return named
    site = question.site
    listed = genes_at(str(question.identity.build), site.chrom, site.pos, site.pos + len(site.ref) - 1)
    return listed[0].symbol if len(listed) == 1 else ""
