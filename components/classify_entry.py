"""Which variant is classified: entered by place, HGVS or rsID, or come from a row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components import classify_session
from components.classify_session import EnteredTarget, RowTarget
from components.feedback import show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.genomics.alleles import AlleleForm, allele_form
from services.genomics.genome import GenomeBuild
from services.genomics.variant import Variant
from services.variants.classification.content import Scheme
from services.variants.classification.gathering import Question
from services.variants.classification.service import question_of_row, question_of_variant
from services.variants.identity import VariantIdentity
from services.variants.library import TableInfo
from services.variants.notes import NoteSubject
from services.variants.resolving import Candidate, Resolution, resolve

_CANDIDATES = "classify.candidates"
_MAX_TEXT = 200
_MAX_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Subject:
    """The variant under classification. `row` is its row where it came from a table."""

    identity: VariantIdentity
    question: Question
    table: TableInfo | None
    row: Mapping[str, Any]

    @property
    def is_copy_number(self) -> bool:
        """Whether its alleles are not spelled out, so that only the score sheet can classify it."""
        return allele_form(self.identity.variant.alt) is not AlleleForm.SEQUENCE

    @property
    def patient_id(self) -> str | None:
        return self.table.patient_id if self.table is not None else None

    def noted(self, gene: str) -> NoteSubject:
        return NoteSubject(self.identity, gene)


def show(services: Services, scheme: Scheme) -> None:
    """Draw the form that looks a variant up, and its candidates where it may mean several."""
    with st.form("classify.entry", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Variant", key="classify.text", max_chars=_MAX_TEXT, placeholder=_EXAMPLES[scheme], help=_HELP,
        )  # fmt: skip
        build = st.selectbox("Genome build", [*GenomeBuild], index=1, key="classify.build", width=160) or GenomeBuild.GRCH38
        pressed = st.form_submit_button("Look up", type="primary", icon=":material/search:")
    if pressed:
        _look_up(services, text, build)
    found: Resolution | None = st.session_state.get(_CANDIDATES)
    if found is not None:
        _candidates(found)


def subject(services: Services, access: Principal) -> Subject | None:
    """Return the variant that was chosen, None where there is none yet.

    :raise ParatopeError: its table or row is gone, or the table's build is not known.
    """
    chosen = classify_session.target()
    if isinstance(chosen, RowTarget):
        return _of_row(services, access, chosen)
    if isinstance(chosen, EnteredTarget):
        variant = Variant(chosen.build, chosen.chrom, chosen.pos, chosen.ref, chosen.alt)
        identity = VariantIdentity(variant, chosen.end)
        question = question_of_variant(
            identity, gene=chosen.gene, hgvs_coding=chosen.hgvs_coding, hgvs_protein=chosen.hgvs_protein
        )
        return Subject(identity, question, None, {})
    return None


def _of_row(services: Services, access: Principal, chosen: RowTarget) -> Subject:
    info = services.variants.get(access, chosen.table_id)
    row = services.workbench.questions.row(access, info.id, chosen.row_id)
    identity = services.workbench.questions.subject(access, info.id, row).identity
    manifest = services.workbench.questions.table(access, info.id).manifest
    stamps = manifest.get("annotation", {}).get("packs", ())
    return Subject(identity, question_of_row(identity, row, stamps), info, row)


def _look_up(services: Services, text: str, build: GenomeBuild) -> None:
    st.session_state.pop(_CANDIDATES, None)
    try:
        found = resolve(text, build, services.references)
    except ParatopeError as error:
        show_error(error)
        return
    if found.only is not None:
        _take(found.only)
        for one in found.problems:
            st.toast(plain(one))
    elif found.candidates:
        st.session_state[_CANDIDATES] = found
    else:
        classify_session.choose(None)
        for one in found.problems or ("nothing is known under this name",):
            st.error(plain(one[:1].upper() + one[1:]), icon=":material/search_off:")


def _candidates(found: Resolution) -> None:
    st.warning(f"{plain(found.text)} may mean {len(found.candidates)} variants in {found.build}. Choose one.",
               icon=":material/alt_route:")  # fmt: skip
    for problem in found.problems:
        st.caption(plain(problem))
    for number, one in enumerate(found.candidates[:_MAX_SHOWN]):
        with st.container(horizontal=True, vertical_alignment="center"):
            names = " · ".join(name for name in (one.gene, one.hgvs_c, one.hgvs_p, str(one.how)) if name)
            st.markdown(f"**{plain(one.written)}** {plain(names)}")
            st.button("Choose", key=f"classify.candidate.{number}", on_click=_chosen, args=(one,), help=f"Choose {one.written}")


def _chosen(one: Candidate) -> None:
    st.session_state.pop(_CANDIDATES, None)
    _take(one)


def _take(one: Candidate) -> None:
    variant = one.variant.trimmed()
    classify_session.choose(EnteredTarget(
        variant.build, variant.chromosome, variant.position, variant.ref, variant.alt, None, one.gene or "", one.hgvs_c or "",
        one.hgvs_p or "",
    ))


_EXAMPLES = {
    Scheme.ACMG: "16-3243407-T-C, NM_000243.3:c.2080A>G, MEFV p.Met694Val or rs61752717",
    Scheme.AMP: "7-140753336-A-T, BRAF p.Val600Glu or rs113488022",
}
_HELP = "A place with alleles on the forward strand, HGVS on a transcript, protein or chromosome, or an rsID"
