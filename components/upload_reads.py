"""Sequencing reads in: files or addresses, which of them belong together, the reference, and the start of the job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from components import job_started, state, upload_area, upload_list, upload_reads_table
from components.feedback import explained, show_error
from components.formatting import plain
from services.access.principals import Principal
from services.container import Services
from services.errors import InvalidInputError, ParatopeError
from services.genomics.genome import GenomeBuild
from services.jobs.model import Job
from services.network.remote import file_name_of
from services.pipelines.read_request import SHORT_READS, DataType, ReadFile, ReadRequest, Sequencer
from services.uploads.content import Content
from services.uploads.model import Upload
from services.variants.calling.model import STATED_LIMITS, Design

_KINDS = ".fastq,.fq,.gz,.bgz,.fa,.fasta,.fna,.bed"
_HINT = "FASTQ, plain or packed with gzip; a reference in FASTA; regions in BED"
_MAX_ADDRESSES = 64
_SEQUENCERS = {
    Sequencer.ILLUMINA: "Illumina", Sequencer.MGI: "MGI", Sequencer.ELEMENT: "Element", Sequencer.ULTIMA: "Ultima",
}  # fmt: skip
_DATA = {DataType.WGS: "Whole genome", DataType.WES: "Exome or panel"}
_NO_PATIENT = ""


def show(services: Services, access: Principal) -> None:
    """Draw files, table, questions and the button that starts the job."""
    job_started.show(services, access, state.submitted_uploads())
    _demo(services, access)
    ready = upload_list.ready(services, access)
    upload_area.show(services, access, ready, key="reads.area", kinds=_KINDS, hint=_HINT)
    upload_list.unfinished(services, access)
    mine = [upload for upload in ready if _is_read(upload) or upload.content is Content.FASTA or _is_bed(upload)]
    if mine:
        upload_list.listing(services, access, mine)
    files = _files([upload for upload in mine if _is_read(upload)], _addresses())
    if not files:
        st.caption("FASTQ files that have arrived are listed here, paired by their names; then you choose the reference.")
        return
    turn = state.upload_turn()
    key = f"reads.{turn}.{abs(hash(tuple(files)))}"
    design, samples, problems = upload_reads_table.show(files, key)
    answers = _questions(services, access, mine, turn)
    _what_will_be_done(services, design)
    for problem in problems:
        st.error(plain(problem), icon=":material/rule:")
    wanted = st.button(
        "Call variants", key=f"reads.start.{turn}", type="primary", icon=":material/play_arrow:", disabled=bool(problems)
    )
    if wanted:
        with explained():
            _finish(services.read_calling.submit(access, _request({**answers, "design": design, "samples": samples})))


def _demo(services: Services, access: Principal) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Use the demo reads", key="reads.demo", icon=":material/science:"):
            with explained():
                _finish(services.read_calling.submit_demo(access))
        st.caption("Simulated reads of a simulated reference, no person's data: the whole way in a few seconds.", width="stretch")


def _addresses() -> list[ReadFile]:
    """Read the addresses, one a line; what is none is said in place."""
    with st.expander("Fetch reads from addresses", icon=":material/cloud_download:"):
        text = st.text_area(
            "Addresses, one a line", key=f"reads.urls.{state.upload_turn()}", max_chars=100_000, height=110,
            placeholder="https://…/sample_R1.fastq.gz\nhttps://…/sample_R2.fastq.gz",
            help="Public files, or addresses that hold their signature; https, s3://, gs:// or az://. Shown nowhere afterwards.",
        )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > _MAX_ADDRESSES:
            st.error(f"These are {len(lines)} addresses; one job takes at most {_MAX_ADDRESSES}.", icon=":material/rule:")
            return []
        try:
            return [ReadFile(url=line, name=file_name_of(line)) for line in lines]
        except ParatopeError as error:
            show_error(error)
        except ValidationError:
            st.error("An address is longer than 8,192 characters.", icon=":material/rule:")
        return []


def _files(uploads: Sequence[Upload], addresses: Sequence[ReadFile]) -> dict[str, ReadFile]:
    """Return the files by a name that is shown once, in alphabetical order."""
    named: dict[str, ReadFile] = {}
    given = [ReadFile(upload_id=upload.id, name=upload.filename) for upload in uploads]
    for file in sorted((*given, *addresses), key=lambda one: one.name):
        name, number = file.name, 2
        while name in named:
            name, number = f"{file.name} ({number})", number + 1
        named[name] = file
    return named


def _questions(services: Services, access: Principal, uploads: Sequence[Upload], turn: int) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        reference = _reference(services, uploads, turn)
        beds = {upload.id: upload.filename for upload in uploads if _is_bed(upload)}
        regions = st.selectbox(
            "Target regions", ["", *beds], key=f"reads.regions.{turn}.{'.'.join(beds)}",
            format_func=lambda one: beds.get(one, "the whole reference"),
            help="The BED file of the capture kit: outside of it nothing is called and no depth counted.",
        )
        name = st.text_input("Name of the table", key=f"reads.name.{turn}", max_chars=200, placeholder="the name of the sample")
    with right:
        sequencer = st.selectbox("Sequencer", list(SHORT_READS), format_func=_SEQUENCERS.__getitem__, key=f"reads.machine.{turn}",
                                 help="Long reads (PacBio, Oxford Nanopore) cannot be called here.")
        data = st.segmented_control("Sequenced was", list(_DATA), default=DataType.WGS, required=True,
                                    format_func=_DATA.__getitem__, key=f"reads.data.{turn}")
        patients = {patient.id: patient.name or patient.id for patient in services.patients.list(access)}
        options, chosen = [_NO_PATIENT, *patients], state.patient_id()
        patient = st.selectbox(
            "Patient", options, index=options.index(chosen) if chosen in options else 0, key=f"reads.patient.{turn}",
            format_func=lambda one: patients.get(one, "not linked to a patient"),
        )
    annotate = st.checkbox(
        "Annotate the calls", bool(services.references.installed()), key=f"reads.annotate.{turn}",
        help="With the installed reference data, in the same job. Needs a reference of a known genome build.",
    )
    return {
        **reference, "vep_annotation": annotate, "intervals": {"upload_id": regions} if regions else None,
        "sample_name": name.strip(), "sequencer": sequencer, "data_type": data, "patient_id": patient or None,
    }


def _reference(services: Services, uploads: Sequence[Upload], turn: int) -> dict[str, Any]:
    # the keys name what there is to choose from: a choice made of nothing must not outlive the arrival of a reference
    installed = {build.value: pack for build in GenomeBuild if (pack := services.read_calling.active_sequence(build))}
    sent = {upload.id: upload.filename for upload in uploads if upload.content is Content.FASTA}
    labels = {name: f"{pack.stamp}, installed" for name, pack in installed.items()} | {
        upload_id: f"{name}, uploaded" for upload_id, name in sent.items()
    }
    chosen = st.selectbox(
        "Reference", list(labels), key=f"reads.reference.{turn}.{'.'.join(labels)}", format_func=labels.__getitem__,
        placeholder="none yet", help="What the reads are aligned to. A human genome needs about 12 GB of memory.",
    )
    if not labels:
        st.info(
            "No reference sequence is installed. An administrator installs one under Reference data, or you drop a FASTA file "
            "above: a small genome or a panel's sequences.", icon=":material/genetics:",
        )
        st.page_link("pages/admin/reference.py", label="Open the reference data", icon=":material/library_books:")
    if chosen in sent:
        return {"reference": {"upload_id": chosen}, "assembly": None}
    return {"reference": None, "assembly": chosen}


def _what_will_be_done(services: Services, design: Design) -> None:
    with st.expander("What is done, and what it cannot do", icon=":material/info:"):
        if services.read_calling.has_parabricks:
            st.markdown(
                "Parabricks is installed and is used where the reference has the index of BWA beside it; its limits then stand "
                "in the report. Without that index:"
            )
        st.markdown(
            "Reads are checked, aligned with minimap2, sorted, and duplicates marked; small variants are called with bcftools. "
            "Alignments, calls and a report on quality are kept with the job, and the calls become a table."
        )
        st.markdown(STATED_LIMITS[design])


def _request(content: dict[str, Any]) -> ReadRequest:
    try:
        return ReadRequest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ").partition(": ")
        if first["loc"][-1:] == ("name",):
            raise InvalidInputError(
                "a sample's name has letters, digits, dot, dash and underscore, at most 64, and begins with a letter or digit"
            ) from error
        raise InvalidInputError(reason[2] or reason[0]) from error


def _finish(job: Job) -> None:
    state.uploads_submitted([job.id])
    st.rerun()


def _is_read(upload: Upload) -> bool:
    return upload.content is Content.FASTQ or upload_list.named_as_reads(upload.filename)


def _is_bed(upload: Upload) -> bool:
    name = upload.filename.lower()
    return upload.content is Content.TABLE and name.endswith((".bed", ".bed.gz", ".bed.bgz"))
