"""The genome at a variant: genes, the table's variants, reads and sequence, drawn by igv.js, and the same told in words.

Nothing is asked of another host: the library comes from this origin, features travel with the page, and files are read in pieces
from this origin's `/api/genome` with a ticket made for this page.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from components.formatting import plain
from components.igv_library import library_url
from services.access.principals import Principal
from services.access.tickets import GENOME_VIEW
from services.container import Services
from services.errors import InvalidInputError
from services.genomics.genome import GenomeBuild
from services.variants.genome_files import holds, sequence_pack, sequence_parts
from services.variants.genome_tracks import (
    AROUND_A_VARIANT,
    Locus,
    TableFeatures,
    gene_features,
    gene_names,
    lengths,
    plain_name,
    transcript_features,
)
from services.variants.reference.model import PackKind

_ASSETS = Path(__file__).parent / "assets" / "igv"
_ROUTE = "/api/genome"
_GENES_COLOUR, _VARIANTS_COLOUR, _CHOSEN_COLOUR = "#0f4c81", "#5b6770", "#b3261e"
_MAX_TOLD = 20

OWN_REFERENCE = "reference.fa"
"""What a job calls a reference that was uploaded for it."""

_VIEW = st.components.v2.component(
    "paratope_genome_view",
    html=(_ASSETS / "genome_view.html").read_text(encoding="utf-8"),
    css=(_ASSETS / "genome_view.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "genome_view.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The job a table was made by, and the names of the files it made from reads."""

    job_id: str
    names: tuple[str, ...]

    @property
    def alignments(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name.endswith(".bam") and f"{name}.bai" in self.names)


def show(
    services: Services, access: Principal, locus: Locus, *, variants: TableFeatures | None = None, job: JobFiles | None = None,
    key: str,
) -> None:
    """Draw the genome around `locus`, with the table's `variants` around it and the reads they were called from by `job`."""
    tracks = _gene_tracks(services, locus)
    if variants is not None:
        tracks.append(_table_track(variants, locus))
    if job is not None:
        tracks += [_reads_track(job.job_id, name) for name in job.alignments]
    reference = _own_reference(job) if job is not None and locus.build is None else _reference(services, locus)
    shown = {
        "library": library_url(), "reference": reference, "tracks": tracks,
        "locus": locus.widened(AROUND_A_VARIANT).written.replace(",", ""), "label": f"Genome view at {locus.written}",
    }  # fmt: skip
    signature = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    ticket = services.tickets.mint(access, GENOME_VIEW)
    _VIEW(key=key, data={**shown, "signature": signature, "ticket": ticket}, on_renew_change=_run_again)
    _in_words(locus, variants, has_reads=job is not None and bool(job.alignments), has_sequence="indexURL" in reference)


def _run_again() -> None:
    """The view asks for a new ticket: running the page again makes one."""


def _reference(services: Services, locus: Locus) -> dict[str, Any]:
    """The installed sequence where it has the chromosome; else the chromosomes with their lengths, to show and name positions."""
    build = locus.build
    if build is None:
        raise InvalidInputError("a place on a reference of one's own is shown with the files of its job")
    named = {"id": build.value, "name": build.value}
    pack = sequence_pack(services.references, build)
    if pack is None or not holds(pack, locus.chrom):
        return {**named, "fastaURL": _lengths_only(build)}
    urls = [f"{_ROUTE}/reference/{build}/{part}" for part in sequence_parts(pack)]
    return {**named, **dict(zip(("fastaURL", "indexURL", "compressedIndexURL"), urls, strict=False))}


def _own_reference(job: JobFiles) -> dict[str, Any]:
    base = f"{_ROUTE}/jobs/{job.job_id}/{OWN_REFERENCE}"
    return {"id": "uploaded", "name": "uploaded reference", "fastaURL": base, "indexURL": f"{base}.fai"}


def _lengths_only(build: GenomeBuild) -> str:
    """A FASTA text of one unknown base for each chromosome; `@len=` is how igv.js is told the whole length."""
    text = "".join(f">{name}:1-1 @len={length}\nN\n" for name, length in lengths(build).items())
    return f"data:text/plain;base64,{base64.b64encode(text.encode()).decode()}"


def _gene_tracks(services: Services, locus: Locus) -> list[dict[str, Any]]:
    """The built-in genes of the build; with installed gene models also the transcripts around the place."""
    if locus.build is None:
        return []
    style = {"type": "annotation", "displayMode": "EXPANDED", "color": _GENES_COLOUR}
    tracks = [{**style, "name": "Genes of Paratope", "height": 70, "features": gene_features(locus.build)}]
    models = services.references.active(PackKind.GENE_MODELS, locus.build)
    if models is not None and (found := transcript_features(models, locus)):
        tracks.append({**style, "name": plain_name(models.stamp), "height": 110, "features": found})
    return tracks


def _table_track(variants: TableFeatures, locus: Locus) -> dict[str, Any]:
    def coloured(feature: Any) -> dict[str, Any]:
        chosen = feature["start"] == locus.start - 1 and feature["end"] == locus.end
        return {**feature, "color": _CHOSEN_COLOUR if chosen else _VARIANTS_COLOUR}

    return {
        "name": "Variants of this table", "type": "annotation", "displayMode": "EXPANDED", "height": 80,
        "features": [coloured(feature) for feature in variants.features],
    }  # fmt: skip


def _reads_track(job_id: str, name: str) -> dict[str, Any]:
    url = f"{_ROUTE}/jobs/{job_id}/{name}"
    return {
        "name": f"Reads of {plain_name(name.removesuffix('.bam'))}", "type": "alignment", "format": "bam", "height": 280,
        "visibilityWindow": 30_000, "url": url, "indexURL": f"{url}.bai",
    }  # fmt: skip


def _in_words(locus: Locus, variants: TableFeatures | None, *, has_reads: bool, has_sequence: bool) -> None:
    with st.expander("The same in words", icon=":material/notes:"):
        told = [f"Place: {locus.chrom}, {locus.written.rpartition(':')[2]}, {locus.genome}."]
        if locus.build is not None:
            names = ", ".join(gene_names(locus)) or "none (other genes are not in this list)"
            told.append(f"Genes of the built-in list here: {names}.")
        if variants is not None:
            told.append(_variants_in_words(variants, locus))
        told.append(_missing(has_reads=has_reads, has_sequence=has_sequence))
        for sentence in filter(None, told):
            st.markdown(plain(sentence))


def _variants_in_words(variants: TableFeatures, locus: Locus) -> str:
    nearest: Sequence[Any] = sorted(variants.features, key=lambda one: abs(one["start"] + 1 - locus.start))[:_MAX_TOLD]
    count = len(variants.features) + variants.left_out
    listed = ", ".join(f"{one['start'] + 1:,} {one['name']}" for one in sorted(nearest, key=lambda one: int(one["start"])))
    start, end = f"{variants.around.start:,}", f"{variants.around.end:,}"
    drawn = f" The first {len(variants.features):,} are drawn." if variants.left_out else ""
    return f"Variants of this table from {start} to {end}: {count:,}.{drawn} Nearest: {listed}."


def _missing(*, has_reads: bool, has_sequence: bool) -> str:
    sentences = []
    if not has_reads:
        sentences.append("Reads: none; this table was not made from reads here.")
    if not has_sequence:
        sentences.append("Bases are not shown: no reference sequence of this chromosome is installed.")
    return " ".join(sentences)
