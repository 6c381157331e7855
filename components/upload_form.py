"""What is said about a file of variants before it is imported: sample, build, patient, and how strictly it is read."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from components import state
from services.access.principals import Principal
from services.container import Services
from services.genomics.genome import GenomeBuild
from services.pipelines.import_request import MAX_SPLIT_SAMPLES, DelimitedChoices, ImportRequest
from services.variants.imports import Mode

_FROM_FILE = "as the file says"
_TYPES = ("not stated", "germline", "tumor", "tumor and normal", "cell-free DNA", "RNA", "other")
_NO_PATIENT = ""
_MODES = {
    Mode.STRICT: "Strict: refuse the file at its first error",
    Mode.LENIENT: "Lenient: import the good lines, keep a list of the others",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the reader said; `request` adds what a table's columns mean."""

    sample_name: str
    build: str
    sample_type: str
    patient_id: str
    notes: str
    split: bool
    mode: Mode
    annotate_small: bool = False
    annotate_structural: bool = False

    def request(self, delimited: DelimitedChoices | None = None) -> ImportRequest:
        """Return the options of the import."""
        return ImportRequest(
            sample_name=self.sample_name.strip(),
            assembly=None if self.build == _FROM_FILE else GenomeBuild(self.build),
            sample_type="" if self.sample_type == _TYPES[0] else self.sample_type,
            notes=self.notes.strip(),
            split_by_sample=self.split,
            mode=self.mode,
            patient_id=self.patient_id or None,
            vep_annotation=self.annotate_small,
            annotsv_annotation=self.annotate_structural,
            delimited=delimited or DelimitedChoices(),
        )


def show(services: Services, access: Principal, *, files: int, splittable: bool) -> Answers:
    """Draw the questions; with several files the sample's name is left to each file."""
    turn = state.upload_turn()
    patients = {patient.id: patient.name or patient.id for patient in services.patients.list(access)}
    options = [_NO_PATIENT, *patients]
    chosen = state.patient_id()
    left, right = st.columns(2)
    with left:
        name = st.text_input(
            "Sample name", key=f"upload.sample.{turn}", max_chars=200, disabled=files > 1,
            placeholder="taken from each file's name" if files > 1 else "taken from the file's name when left out",
        )
        build = st.selectbox(
            "Genome build", (_FROM_FILE, *(build.value for build in GenomeBuild)), key=f"upload.build.{turn}",
            help="A build you state is checked: a file that says otherwise is refused, with both builds named.",
        )
        sample_type = st.selectbox("Sample type", _TYPES, key=f"upload.type.{turn}")
    with right:
        patient = st.selectbox(
            "Patient", options, index=options.index(chosen) if chosen in options else 0, key=f"upload.patient.{turn}",
            format_func=lambda one: patients.get(one, "not linked to a patient"),
        )
        notes = st.text_area("Notes", key=f"upload.notes.{turn}", max_chars=10_000, height=121)
    mode = st.radio("Errors in the file", list(_MODES), format_func=_MODES.__getitem__, key=f"upload.mode.{turn}")
    split = splittable and st.checkbox(
        f"One table for each sample of the file (up to {MAX_SPLIT_SAMPLES})", key=f"upload.split.{turn}"
    )
    small, structural = _annotation(services, turn)
    return Answers(
        "" if files > 1 else name, build, sample_type, patient or "", notes, split, mode, annotate_small=small,
        annotate_structural=structural,
    )


def _annotation(services: Services, turn: int) -> tuple[bool, bool]:
    """Ask what to annotate after the import. Suggested always: the built-in genes and well-known variants need nothing."""
    with st.container(horizontal=True):
        small = st.checkbox("Annotate small variants", True, key=f"upload.small.{turn}", help=_SMALL)
        structural = st.checkbox("Annotate structural variants", True, key=f"upload.structural.{turn}", help=_STRUCTURAL)
    if (small or structural) and not services.references.installed():
        st.caption(
            "No reference data is installed, so only the built-in genes and well-known variants are looked up. A table can be "
            "annotated again at any time, in the explorer."
        )
    return small, structural


_SMALL = "Consequences, ClinVar, population frequencies and predictors, as far as their packs are installed. Needs a known build."
_STRUCTURAL = "Genes and exons, fusions, dosage, population frequency and the score of copy number variants. Needs a known build."
