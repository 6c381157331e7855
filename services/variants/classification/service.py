"""Classifies variants: gathers, judges, writes the text; keeps nothing by itself (`store` does, when a person or job says so)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.errors import InvalidInputError
from services.genomics.alleles import AlleleForm, allele_form
from services.genomics.cnv.cells import CnvType
from services.genomics.genome import GenomeBuild
from services.storage.database import Database
from services.variants.classification.content import (
    ClassificationContent,
    ExcludedEvidence,
    ExpertEntry,
    OwnEvidence,
    Scheme,
)
from services.variants.classification.copy_number import CopyNumberEvidence, GatheredCopyNumber, judge_cnv
from services.variants.classification.gathering import Gathered, Gatherer, Question
from services.variants.classification.judging import Context, judge
from services.variants.classification.packs import PackReader
from services.variants.classification.rationale import write_rationale
from services.variants.classification.record import gathered
from services.variants.classification.row_facts import ENTERED, RowFacts, facts_of
from services.variants.classification.somatic import SomaticChoices, judge_somatic
from services.variants.classification.store import Classifications
from services.variants.classification.tumours import tumour_choices
from services.variants.identity import VariantIdentity
from services.variants.reference.library import ReferenceLibrary
from services.variants.reference.model import PackKind
from services.variants.reference.somatic_evidence import evidence_about


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose: expert entries, rule set (blank: the gene's), the case."""

    expert: tuple[ExpertEntry, ...] = ()
    specification: str = ""
    context: Context = field(default_factory=Context)
    is_germline: bool | None = None
    """Somatic only: whether the variant was also found in normal tissue."""
    own_evidence: tuple[OwnEvidence, ...] = ()
    """Somatic only, as `excluded_evidence`: items of clinical evidence added, and left out."""
    excluded_evidence: tuple[ExcludedEvidence, ...] = ()


class VariantClassifier:
    """One set of rules and readers over the installed packs. Safe for use from several threads."""

    def __init__(self, references: ReferenceLibrary, database: Database) -> None:
        self.references = references
        self.store = Classifications(database)
        self.gatherer = Gatherer(PackReader(references))
        self.copy_numbers = CopyNumberEvidence(self.gatherer.packs, self.gatherer.transcripts)

    def gather(self, question: Question) -> Gathered:
        """Collect the evidence for one variant.

        :raise InvalidInputError: its alleles are not spelled out; copy number variants are classified by another scheme.
        """
        return self.gather_many(question.identity.build, [question])[0]

    def gather_many(self, build: GenomeBuild, questions: Sequence[Question]) -> list[Gathered]:
        """Collect the evidence for many variants of one build, in the order given. Raises as `gather`."""
        for one in questions:
            require_sequence(one.identity)
        return [gathered(known) for known in self.gatherer.known(build, questions)]

    def classify(self, evidence: Gathered, scheme: Scheme, choices: Choices, name: str) -> ClassificationContent:
        """Judge what was gathered and write the rationale. `name` is how the text calls the variant.

        :raise InvalidInputError: an expert's entry cannot be, or the scheme is not one for spelled-out alleles.
        """
        if scheme is Scheme.AMP:
            release = self.references.active(PackKind.SOMATIC_EVIDENCE, None)
            installed = evidence_about(release, evidence.gene) if release is not None else ()
            changed = SomaticChoices(
                choices.expert, choices.own_evidence, choices.excluded_evidence, choices.is_germline
            )
            content = judge_somatic(evidence, choices.context, changed, installed)
        elif scheme is Scheme.ACMG:
            content = judge(evidence, choices.expert, specification=choices.specification, context=choices.context)
        else:
            raise InvalidInputError("copy number variants are classified from their place, not from alleles")
        return content.model_copy(update={"rationale": write_rationale(content, name), "rationale_by": ""})

    def tumour_choices(self) -> Mapping[str, str]:
        """Return the tumour types to choose among, each with the words it is found by.

        :raise UnavailableError: the installed evidence cannot be read.
        """
        return tumour_choices(self.references.active(PackKind.SOMATIC_EVIDENCE, None))

    def classify_copy_number(
        self, identity: VariantIdentity, kind: CnvType, choices: Choices
    ) -> tuple[GatheredCopyNumber, ClassificationContent]:
        """Look up what a loss or gain overlaps, fill the score sheet and write the rationale.

        :raise InvalidInputError: the variant has no end, or an entry of the expert cannot be.
        """
        evidence = self.copy_numbers.gather(identity, kind)
        content = judge_cnv(evidence, choices.expert, choices.context)
        text = write_rationale(content, copy_number_name(identity, kind))
        return evidence, content.model_copy(update={"rationale": text, "rationale_by": ""})

    def close(self) -> None:
        self.gatherer.close()


def require_sequence(identity: VariantIdentity) -> None:
    """Refuse alleles that are not spelled out.

    :raise InvalidInputError: the variant is symbolic, a breakend, or states no alternate allele.
    """
    if allele_form(identity.variant.alt) is not AlleleForm.SEQUENCE:
        raise InvalidInputError("the alleles of this variant are not spelled out: classify it as a copy number variant")


def question_of_row(
    identity: VariantIdentity, row: Mapping[str, Any], stamps: Iterable[str] = (), *, condition: str = ""
) -> Question:
    """Ask about a row of a table; `stamps` are the packs it was annotated with."""
    return Question(identity, facts_of(row), condition=condition, stamps=tuple(stamps))


def question_of_variant(
    identity: VariantIdentity, *, gene: str = "", hgvs_coding: str = "", hgvs_protein: str = "", condition: str = ""
) -> Question:
    """Ask about a variant that somebody entered; the names come from what resolved it."""
    facts = RowFacts(hgvs_coding=hgvs_coding, hgvs_protein=hgvs_protein, origin=ENTERED)
    return Question(identity, facts, gene=gene, condition=condition)


def name_of(identity: VariantIdentity, evidence: Gathered) -> str:
    """Return how a text calls the variant: gene and HGVS where they are known, else the place."""
    variant = identity.variant
    place = f"{variant.build} {variant.chromosome}-{variant.position}-{_short(variant.ref)}-{_short(variant.alt)}"
    named = " ".join(one for one in (evidence.gene, evidence.hgvs_coding or evidence.hgvs_protein) if one)
    return f"{named} ({place})" if named else place


def copy_number_name(identity: VariantIdentity, kind: CnvType) -> str:
    """Return how a text calls a loss or gain."""
    variant = identity.variant
    return f"Copy number {kind} of {variant.build} {variant.chromosome}:{variant.position:,}-{identity.end or 0:,}"


def _short(allele: str) -> str:
    return allele if len(allele) <= 20 else f"{allele[:20]}… ({len(allele)} bases)"
