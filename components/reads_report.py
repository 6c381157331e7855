"""The report on reads and calls of a finished job: what the reads are like, what was called by what, and its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from components import reads_charts
from components.feedback import show_error
from components.formatting import counted, file_size, plain
from services.access.principals import Principal
from services.container import Services
from services.errors import NotFoundError, ParatopeError
from services.jobs.model import Job
from services.pipelines.read_calling import KIND
from services.variants.downloads import Download

_WORDS = {".bam": "alignments", ".bai": "index", ".gz": "calls (VCF)", ".tbi": "index", ".json": "report", ".fa": "reference",
          ".fai": "index"}  # fmt: skip


_CHART = 410
_BREADTHS = {"1": "Positions with a read", **{str(least): f"Positions with {least} or more reads" for least in (10, 20, 30)}}


def has_report(job: Job) -> bool:
    """Whether a job is one that calls variants from reads."""
    return job.kind == KIND and job.finished


def show(services: Services, access: Principal, job: Job) -> None:
    """Draw the report; a job whose calls were not completed says so."""
    try:
        report = services.read_calling.report(access, job.id)
    except NotFoundError:
        st.caption("There is no report: the calls of this job were not completed.")
        return
    except ParatopeError as error:
        show_error(error)
        return
    if report["simulated"]:
        st.info("Simulated reads of a simulated reference: nothing here is about a person.", icon=":material/science:")
    for warning in report["warnings"]:
        st.warning(plain(warning), icon=":material/warning:")
    _counts(report)
    _table(report["samples"])
    _charts(report, f"reads.report.{job.id}")
    _how(report)
    _downloads(services, access, job)


def _counts(report: Mapping[str, Any]) -> None:
    calls = report["calls"]
    ratio = "none" if calls["ti_tv"] is None else f"{calls['ti_tv']:.2f}"
    with st.container(horizontal=True):
        st.metric("SNVs", f"{calls['snvs']:,}", help="Single nucleotide variants that pass all filters")
        st.metric("Insertions, deletions", f"{calls['indels']:,}", help="Those that pass all filters")
        st.metric("Ti/Tv", ratio, help="Transitions to transversions among SNVs: near 2.1 in human genomes, near 3 in exomes")
        st.metric("Filtered", f"{sum(calls['filtered'].values()):,}", help=_filtered(calls["filtered"]))


def _filtered(filtered: Mapping[str, int]) -> str:
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(filtered.items()))
    return f"Kept in the table with the rule they miss; one call may miss several. {told}"


def _table(samples: Sequence[Mapping[str, Any]]) -> None:
    """Draw one line for each measure: few samples have many measures, and a line is never cut off."""
    measured = [
        {
            "Role": one["role"], "Reads": f"{one['reads']:,}", "Aligned": _percent(one["aligned_share"]),
            "Duplicates": _percent(one["duplicate_share"]), "Mean depth": f"{one['mean_depth']:.1f}",
            **{words: _percent(one["breadth"][least]) for least, words in _BREADTHS.items()},
            "Median length of fragments": _or_not_measured(one["median_insert_size"], "{:,} bases"),
            "Bases that differ from the reference": _percent(one["error_rate"], 2),
        }
        for one in samples
    ]
    st.table(
        [
            {"": measure, **{plain(one["sample"]): values[measure] for one, values in zip(samples, measured, strict=True)}}
            for measure in measured[0]
        ],
        border="horizontal", width="content", hide_index=True, alt="Reads of each sample: counts, depth, duplicates",
    )


def _percent(share: float | None, digits: int = 1) -> str:
    return _or_not_measured(None if share is None else 100 * share, f"{{:.{digits}f}} %")


def _or_not_measured(value: float | None, written: str) -> str:
    return "not measured" if value is None else written.format(value)


def _charts(report: Mapping[str, Any], key: str) -> None:
    samples, calls = report["samples"], report["calls"]
    with st.container(horizontal=True):  # as many beside each other as the window holds
        with st.container(width=_CHART):
            st.markdown("**Depth**")
            reads_charts.depth(samples, f"{key}.depth")
        with st.container(width=_CHART):
            st.markdown("**Quality by cycle**")
            reads_charts.quality(samples, f"{key}.quality")
        with st.container(width=_CHART):
            st.markdown("**Insert size**")
            reads_charts.insert_size(samples, f"{key}.insert")
        if len(samples[0]["contigs"]) > 1:
            with st.container(width=_CHART):
                st.markdown("**Depth by sequence**")
                reads_charts.contigs(samples, f"{key}.contigs")
        if calls["snvs"]:
            with st.container(width=_CHART):
                st.markdown("**Transitions and transversions**")
                reads_charts.substitutions(calls["transitions"], calls["transversions"], f"{key}.titv")


def _how(report: Mapping[str, Any]) -> None:
    reference = report["reference"]
    where = f" within {report['intervals']}" if report["intervals"] else ""
    tools = ", ".join(f"{name} {version}" for name, version in report["tools"].items())
    st.markdown(f":material/rule: **What these calls cannot tell.** {plain(report['stated_limits'])}")
    st.caption(plain(
        f"Called by {report['caller']}{where} against {reference['name']} ({counted(reference['sequences'], 'sequence')}, "
        f"{reference['bases']:,} bases) in {report['seconds']:,.0f} s. {tools}."
    ))


def _downloads(services: Services, access: Principal, job: Job) -> None:
    files = services.read_calling.files(access, job.id)
    names = {name: f"{name} · {_kind(name)} · {file_size(path.stat().st_size)}" for name, path in files.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("File", list(names), format_func=names.__getitem__, key=f"jobs.file.{job.id}")
        kept = f"jobs.link.{job.id}"
        if st.button("Prepare the download", key=f"jobs.prepare.{job.id}", icon=":material/download:"):
            st.session_state[kept] = services.workbench.downloads.offer(files[chosen], f"{job.id}.{chosen}").token
        link = _waiting(services, st.session_state.get(kept))
        if link is not None:
            name = link.filename.removeprefix(f"{job.id}.")
            st.link_button(f"Download {plain(name)}", f"/api/downloads/{link.token}", type="primary", icon=":material/download:")
    st.caption("A link works for a quarter of an hour. The files hold patient data: keep them as such.")


def _waiting(services: Services, token: object) -> Download | None:
    """Return the download that was prepared last, while its link works."""
    try:
        return services.workbench.downloads.fetch(token) if isinstance(token, str) else None
    except NotFoundError:
        return None


def _kind(name: str) -> str:
    return _WORDS.get(name[name.rfind("."):], "file")
