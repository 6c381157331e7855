"""The form that installs reference data: from a known source, another address, or files of this computer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from components import job_started, state, upload_area, upload_list
from components.feedback import show_error
from components.formatting import file_size, plain
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.genomics.genome import GenomeBuild
from services.jobs.model import Job
from services.variants.reference.catalogue import GIVES, Source, sources_of
from services.variants.reference.model import PackKind, PackRequest
from services.variants.reference.registry import CONVERTERS

_KNOWN, _ADDRESS, _FILES = "Known source", "Another address", "Files of this computer"
_KINDS = ".vcf,.gff3,.gff,.csv,.tsv,.txt,.bed,.fa,.fasta,.gz,.bgz,.bz2"


def show(services: Services, access: Principal) -> None:
    """Draw the form; a job does the work."""
    started = state.submitted_reference()
    job_started.show(services, access, [started] if started else [])
    turn = state.reference_turn()
    left, right = st.columns(2)
    with left:
        kinds = [one for one in PackKind if one in CONVERTERS]
        kind = st.selectbox("What", kinds, format_func=lambda one: one.label, key=f"reference.kind.{turn}")
    build = None
    if kind.has_build:
        with right:
            build = st.selectbox("Genome build", list(reversed(GenomeBuild)), key=f"reference.of.{turn}")
    st.caption(GIVES[kind])
    origin = st.segmented_control(
        "From", (_KNOWN, _ADDRESS, _FILES), default=_KNOWN, required=True, key=f"reference.origin.{turn}", width="content"
    )
    if origin == _KNOWN:
        _from_known(services, access, kind, build)
    elif origin == _ADDRESS:
        _from_address(services, access, kind, build, turn)
    else:
        _from_files(services, access, kind, build, turn)


def _from_known(services: Services, access: Principal, kind: PackKind, build: GenomeBuild | None) -> None:
    sources = sources_of(kind, build)
    for source in sources:
        with st.container(border=True):
            version = f" {source.version}" if source.version else ", the newest"
            size = file_size(source.megabytes * 1_000_000)
            st.markdown(f"**{plain(source.name)}**{version} · about {size} · {plain(source.licence)}")
            if not source.url:
                st.caption(f"To be fetched by you, from {plain(source.page)}, then installed from files.")
                continue
            st.caption(f"`{source.url}`")
            key = f"reference.known.{source.build}.{source.url}"
            if st.button("Fetch and install", key=key, icon=":material/cloud_download:"):
                fetch_known(services, access, source)
    if not sources:
        st.caption("No source is known for this; give an address or files.")


def fetch_known(services: Services, access: Principal, source: Source) -> None:
    """Queue the installation of what a known source publishes today."""
    _start(partial(_submit_known, services, access, source))


def _submit_known(services: Services, access: Principal, source: Source) -> Job:
    version = source.version_on(datetime.now(UTC).date())
    request = PackRequest(source.kind, source.build, version=version, source_url=source.url, licence=source.licence)
    return services.reference_installs.submit_url(access, source.url, request)


def _from_address(services: Services, access: Principal, kind: PackKind, build: GenomeBuild | None, turn: int) -> None:
    url = st.text_input(
        "Address", key=f"reference.url.{turn}", max_chars=8_192, autocomplete="off",
        placeholder="https://…, s3://bucket/file, gs://bucket/file or az://account/container/file",
    )
    request = _details(kind, build, turn, checksum=True)
    if st.button("Fetch and install", key="reference.fetch", type="primary", icon=":material/cloud_download:", disabled=not url):
        _start(lambda: services.reference_installs.submit_url(access, url, PackRequest.from_dict(request)))


def _from_files(services: Services, access: Principal, kind: PackKind, build: GenomeBuild | None, turn: int) -> None:
    ready = upload_list.ready(services, access)
    upload_area.show(
        services, access, ready, key="reference.area", kinds=_KINDS, hint="The file as its source publishes it, plain or packed"
    )
    if not ready:
        st.caption("Larger files, and ZIP archives, are installed from an address or on the command line.")
        return
    names = {upload.id: f"{upload.filename} · {file_size(upload.received)}" for upload in ready}
    chosen = st.multiselect(
        "Files of the pack", list(names), default=list(names) if len(names) == 1 else [], format_func=names.__getitem__,
        key=f"reference.files.{turn}.{len(names)}", placeholder="Choose what has arrived",
        help="Several files make one pack where a source publishes it in parts, such as one for each chromosome.",
    )
    request = _details(kind, build, turn, checksum=len(chosen) == 1)
    if st.button("Install", key="reference.install", type="primary", icon=":material/play_arrow:", disabled=not chosen):
        _start(lambda: services.reference_installs.submit_uploads(access, chosen, PackRequest.from_dict(request)))


def _details(kind: PackKind, build: GenomeBuild | None, turn: int, *, checksum: bool) -> dict[str, str | None]:
    left, right = st.columns(2)
    with left:
        version = st.text_input(
            "Version", key=f"reference.version.{turn}", max_chars=64, placeholder="taken from the file where it says it"
        )
    with right:
        licence = st.text_input("Licence", key=f"reference.licence.{turn}", max_chars=200, placeholder="kept with the pack")
    sha256 = ""
    if checksum:
        sha256 = st.text_input(
            "Checksum (SHA-256)", key=f"reference.sha256.{turn}", max_chars=64,
            placeholder="as the source publishes it; compared before anything is installed",
        )
    return {"kind": kind.value, "build": build, "version": version.strip(), "licence": licence.strip(),
            "sha256": sha256.strip().lower()}


def _start(submit: Callable[[], Job]) -> None:
    """Queue the job and begin the form anew; what stands against it is said under the button, and the form stays as it is."""
    try:
        job = submit()
    except ParatopeError as error:
        show_error(error)
        return
    state.reference_submitted(job.id)
    st.rerun()
