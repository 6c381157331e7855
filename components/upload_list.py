"""Files that have arrived and wait to be imported, and uploads that were begun and not finished."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from components.feedback import explained
from components.formatting import file_size, plain
from services.access.principals import Principal
from services.container import Services
from services.pipelines.variant_import import KIND
from services.uploads.content import Content
from services.uploads.model import Upload

_READS = re.compile(r"(?i)\.f(?:ast)?q(?:\.gz|\.bgz)?$")
_KINDS = {Content.FASTQ: "reads (FASTQ)", Content.FASTA: "sequences (FASTA)", Content.TABLE: "regions (BED)", None: "unknown"}
_WORDS = {
    Content.VCF: "VCF",
    Content.BCF: "BCF",
    Content.TABLE: "table of text",
    Content.FASTQ: "reads (FASTQ): they go into the tab Reads",
    Content.FASTA: "sequences (FASTA): a reference for the tab Reads",
    Content.PDF: "PDF: clinical documents go into the tab Documents",
}


def ready(services: Services, access: Principal) -> list[Upload]:
    """Return the complete files of this reader that no job has been made of, newest first."""
    taken = {
        *services.jobs.requested(KIND, "upload_id"), *services.read_calling.uploads_in_use(),
        *services.reference_installs.uploads_in_use(),
    }
    return [upload for upload in services.uploads.list_complete(access) if upload.id not in taken]


def choose(services: Services, access: Principal, uploads: Sequence[Upload]) -> list[Upload]:
    """List the files with a box each; returns those that are ticked and can be imported."""
    chosen = []
    st.markdown("**Arrived**")
    rows = st.container(gap=None)
    for upload in uploads:
        importable = upload.content is not None and upload.content.is_variants and not named_as_reads(upload.filename)
        with rows.container(horizontal=True, vertical_alignment="center"):
            ticked = st.checkbox(
                f"{plain(upload.filename)} · {file_size(upload.received)} · {_words(upload)}", value=importable,
                disabled=not importable, key=f"upload.take.{upload.id}", width="stretch",
            )
            _delete_button(services, access, upload, f"Delete {upload.filename}")
        if importable and ticked:
            chosen.append(upload)
    return chosen


def listing(services: Services, access: Principal, uploads: Sequence[Upload]) -> None:
    """List files with their size and kind, each with a way to delete it."""
    st.markdown("**Arrived**")
    rows = st.container(gap=None)
    for upload in uploads:
        with rows.container(horizontal=True, vertical_alignment="center"):
            kind = "reads (FASTQ)" if named_as_reads(upload.filename) else _KINDS.get(upload.content, "text")
            st.markdown(f"{plain(upload.filename)} · {file_size(upload.received)} · {kind}", width="stretch")
            _delete_button(services, access, upload, f"Delete {upload.filename}")


def named_as_reads(filename: str) -> bool:
    """Whether a file is called as files of reads are, whatever its first bytes look like."""
    return _READS.search(filename[-40:]) is not None


def unfinished(services: Services, access: Principal) -> None:
    """Say which uploads can be gone on with, and how."""
    waiting = services.uploads.list_open(access)
    if not waiting:
        return
    with st.expander(f"Unfinished uploads ({len(waiting)})", icon=":material/pause_circle:", expanded=False):
        st.caption("To go on with one that is not being sent above, choose the same file again. It is kept for a week.")
        for upload in waiting:
            of = f" of {file_size(upload.size)}" if upload.size else ""
            share = f" ({upload.received * 100 // upload.size} %)" if upload.size else ""
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{plain(upload.filename)} · {file_size(upload.received)}{of}{share}", width="stretch")
                _delete_button(services, access, upload, f"Give up {upload.filename}")


def _delete_button(services: Services, access: Principal, upload: Upload, name: str) -> None:
    if st.button("Delete", key=f"upload.delete.{upload.id}", icon=":material/delete:", type="tertiary", help=plain(name)):
        with explained():
            services.uploads.delete(access, upload.id)
        st.rerun()


def _words(upload: Upload) -> str:
    return _WORDS[upload.content] if upload.content else "unknown"
