"""How a classification looks in JSON: the documented members, and beside them everything the class rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.genomics.acmg.criteria import Criterion, Evidence, Strength
from services.variants.classification.content import ClassificationContent, CriterionRow, Scheme
from services.variants.classification.gathering import Gathered
from services.variants.classification.store import Classified
from services.variants.identity import VariantIdentity
from services.variants.resolving import Candidate


def answer(identity: VariantIdentity, evidence: Gathered, content: ClassificationContent) -> dict[str, Any]:
    """Return the documented members first."""
    variant = identity.variant
    return {
        "classification": content.classification,
        "criteria_applied": [_code(row, content.scheme) for row in content.met],
        "evidence_summary": content.rationale,
        "variant_info": {
            "chrom": variant.chromosome, "pos": variant.position, "ref": variant.ref, "alt": variant.alt,
            "gene": evidence.gene or None, "assembly": str(variant.build), "transcript": evidence.transcript or None,
            "hgvs_c": evidence.hgvs_coding or None, "hgvs_p": evidence.hgvs_protein or None,
        },
        "classification_type": content.scheme.value,
        "points": content.points or None,
        "details": dict(content.details),
        "conflicts": list(content.conflicts),
        "oncogenicity": content.oncogenicity.model_dump(mode="json") if content.oncogenicity else None,
        "criteria": [row.model_dump(mode="json") for row in content.criteria],
        "evidence": [row.model_dump(mode="json") for row in content.evidence],
        "missing": [f"{row.name}: {row.note}" if row.note else row.name for row in content.evidence if row.value is None],
        "condition": content.condition or None,
        "phenotype_terms": list(content.phenotype_terms),
        "rule_set": content.rule_set,
        "rules_version": content.rules_version,
        "data_versions": dict(content.data_versions),
    }


def version(one: Classified) -> dict[str, Any]:
    """Return a kept version without its evidence."""
    return {
        "id": one.id, "version": one.version, "classification": one.classification, "classification_type": one.scheme.value,
        "points": one.points or None, "criteria_applied": [_code(row, one.scheme) for row in one.content.met], "gene": one.gene,
        "variant": one.variant, "condition": one.content.condition or None, "rule_set": one.content.rule_set,
        "data_versions": dict(one.content.data_versions), "patient_id": one.patient_id, "author": one.author,
        "created_at": f"{one.created_at:%Y-%m-%dT%H:%M:%SZ}", "signed_by": one.signed_by,
        "signed_at": f"{one.signed_at:%Y-%m-%dT%H:%M:%SZ}" if one.signed_at else None, "digest": one.digest,
    }  # fmt: skip


def candidates(found: Iterable[Candidate]) -> list[dict[str, Any]]:
    """Return what a text may mean, each as `variant_data` that names it alone."""
    return [
        {"chrom": one.chrom, "pos": one.pos, "ref": one.ref, "alt": one.alt, "gene": one.gene, "transcript": one.transcript,
         "hgvs_c": one.hgvs_c, "hgvs_p": one.hgvs_p, "found_by": str(one.how)}
        for one in found
    ]  # fmt: skip


def _code(row: CriterionRow, scheme: Scheme) -> str:
    if scheme is not Scheme.ACMG or row.strength is None:
        return row.code
    return str(Evidence(Criterion[row.code], Strength(row.strength)))
