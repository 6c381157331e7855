"""Files of variants in: from this computer or from a cloud address, with what is known about them, into import jobs."""

from __future__ import annotations

import streamlit as st

from components import job_started, state, upload_area, upload_form, upload_list, upload_mapping
from components.feedback import explained
from services.access.principals import Principal
from services.container import Services
from services.jobs.model import Job
from services.pipelines.import_request import DelimitedChoices
from services.uploads.content import Content
from services.uploads.model import Upload

_DISK, _CLOUD = "This computer", "A cloud address"


def show(services: Services, access: Principal) -> None:
    """Draw source, files, questions and the button that starts the imports."""
    job_started.show(services, access, state.submitted_uploads())
    source = st.segmented_control(
        "Where is the file?", (_DISK, _CLOUD), default=_DISK, required=True, key="upload.source", width="content"
    )
    if source == _CLOUD:
        _from_cloud(services, access)
    else:
        _from_disk(services, access)


def _from_disk(services: Services, access: Principal) -> None:
    ready = upload_list.ready(services, access)
    upload_area.show(services, access, ready, key="upload.area")
    upload_list.unfinished(services, access)
    if not ready:
        st.caption("A file that has arrived is listed here; then you say what it is and start the import.")
        return
    chosen = upload_list.choose(services, access, ready)
    if not chosen:
        return
    tables = [upload for upload in chosen if upload.content is Content.TABLE]
    delimited: DelimitedChoices | None = DelimitedChoices()
    if len(chosen) == 1 and tables:
        with explained():
            delimited = upload_mapping.show(chosen[0], services.uploads.path(chosen[0].id))
    elif tables:
        st.caption("The columns of tables are recognised by their names. To check and change them, choose one table alone.")
    answers = upload_form.show(services, access, files=len(chosen), splittable=len(tables) < len(chosen))
    label = "Import" if len(chosen) == 1 else f"Import {len(chosen)} files"
    if st.button(label, key="upload.import", type="primary", icon=":material/play_arrow:", disabled=delimited is None):
        with explained():
            _finish([_submit(services, access, upload, answers, delimited) for upload in chosen])


def _submit(
    services: Services, access: Principal, upload: Upload, answers: upload_form.Answers, delimited: DelimitedChoices | None
) -> Job:
    is_table = upload.content is Content.TABLE
    request = answers.request(delimited if is_table else None)
    return services.variant_imports.submit(
        access, upload.id, request.model_copy(update={"split_by_sample": request.split_by_sample and not is_table})
    )


def _from_cloud(services: Services, access: Principal) -> None:
    url = st.text_input(
        "Address", key=f"upload.url.{state.upload_turn()}", max_chars=8_192, autocomplete="off",
        placeholder="https://…, s3://bucket/file, gs://bucket/file or az://account/container/file",
        help="A public file, or an address that holds its signature (presigned). No account of this server is used.",
    )
    st.caption(
        "Fetched by the server over https from servers on the Internet only. The address may hold a signature: it is kept for "
        "this import and shown nowhere."
    )
    answers = upload_form.show(services, access, files=1, splittable=True)
    if st.button("Fetch and import", key="upload.fetch", type="primary", icon=":material/cloud_download:"):
        with explained():
            _finish([services.variant_imports.submit_url(access, url, answers.request())])


def _finish(jobs: list[Job]) -> None:
    state.uploads_submitted([job.id for job in jobs])
    st.rerun()


