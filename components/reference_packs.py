"""Reference data as an administrator sees it: what is built in, what is installed, what is missing and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from components import reference_install
from components.feedback import empty, explained
from components.formatting import counted, file_size, plain, sentence
from services.access.principals import Principal
from services.container import Services
from services.genomics.genome import GenomeBuild
from services.knowledge.genes import genes
from services.knowledge.known_variants import known_variants
from services.knowledge.version import knowledge_version
from services.variants.reference.catalogue import GIVES, Source, sources_of
from services.variants.reference.model import Pack, PackKind
from services.variants.reference.registry import CONVERTERS


def built_in() -> None:
    """Say what ships with the program."""
    with st.container(border=True):
        st.markdown(
            f":material/inventory_2: **Built in:** {counted(len(genes()), 'gene')} of immunity, HLA and drug response, and "
            f"{counted(len(known_variants()), 'well-known variant')}, each with its source. "
            f"Version `{knowledge_version()}`. It needs nothing and cannot be removed."
        )


def installed(services: Services, access: Principal) -> None:
    """Draw the installed packs, and the actions on the one that is selected."""
    packs = services.references.installed()
    if not packs:
        empty(
            "No reference data is installed. Variants are then told apart by the built-in genes and variants alone; everything "
            "else is shown as **not annotated**, never as absent. Install what you need below.",
            icon=":material/library_books:",
        )
        return
    used = {services.references.active(pack.kind, pack.build) for pack in packs}
    chosen = st.dataframe(
        _frame(services, packs, used), hide_index=True, on_select="rerun", selection_mode="single-row", key="reference.table",
        height="content",
    )
    rows = [row for row in chosen["selection"]["rows"] if row < len(packs)]
    if not rows:
        st.caption("Select a row for its origin and actions.")
        return
    _details(services, access, packs[rows[0]])


def missing(services: Services) -> None:
    """Say for one build what is not installed, what it would give and where it is published."""
    build = GenomeBuild(
        st.segmented_control(
            "Genome build", [one.value for one in reversed(GenomeBuild)], default=GenomeBuild.GRCH38.value, required=True,
            key="reference.build",
        )
    )
    absent = [kind for kind in PackKind if kind in CONVERTERS and services.references.active(kind, build) is None]
    if not absent:
        empty(f"Every kind of reference data is installed for {build}.", icon=":material/check_circle:")
        return
    st.table(
        [
            {
                "Missing": kind.label, "What it gives": plain(GIVES[kind]),
                "Source": _published(next(iter(sources_of(kind, build)), None)),
            }
            for kind in absent
        ],
        border="horizontal", hide_index=True, alt=f"Reference data that is not installed for {build}",
    )


def _published(source: Source | None) -> str:
    """Where a source is described, how large it is, and on what terms."""
    if source is None:
        return "none is known"
    host = plain(urlsplit(source.page).hostname or source.name)
    return f"[{host}]({source.page}), about {file_size(source.megabytes * 1_000_000)}. {plain(sentence(source.licence))}"


def _details(services: Services, access: Principal, pack: Pack) -> None:
    manifest = services.references.manifest(pack)
    with st.container(border=True):
        st.markdown(f"**{plain(pack.stamp)}** · {counted(pack.rows, 'row')} · {file_size(pack.size)}")
        st.table(
            [
                {"": "Source", "Value": f"`{pack.source_url.replace('`', '%60')}`" if pack.source_url else "a file"},
                {"": "Files", "Value": plain(", ".join(str(one["name"]) for one in manifest["sources"][:5]))},
                {"": "SHA-256", "Value": pack.sha256},
                {"": "Licence", "Value": plain(pack.licence or "not recorded")},
                {"": "Installed", "Value": plain(str(manifest["installed_at"]))},
                *({"": "Note", "Value": plain(str(note))} for note in manifest["notes"]),
            ],
            alt=f"Origin of {pack.stamp}",
        )
        with st.container(horizontal=True):
            _update(services, access, pack)
            _pin(services, access, pack)
            with st.popover("Remove", icon=":material/delete:", key=f"reference.ask.{pack.key}"):
                st.markdown("What is annotated with it stays as it is; new annotations will say that it is missing.")
                if st.button("Remove this pack", key=f"reference.remove.{pack.key}", type="primary"):
                    with explained():
                        services.reference_installs.remove(access, pack)
                    st.rerun()


def _update(services: Services, access: Principal, pack: Pack) -> None:
    """Offer what the source publishes today, where its address is known and always leads to the newest."""
    source = next((one for one in sources_of(pack.kind, pack.build) if one.url and one.version is None), None)
    if source is not None and st.button(
        "Fetch the newest", key=f"reference.update.{pack.key}", icon=":material/update:",
        help=f"About {file_size(source.megabytes * 1_000_000)} from {source.name}. This version stays until it is removed.",
    ):  # fmt: skip
        reference_install.fetch_known(services, access, source)


def _pin(services: Services, access: Principal, pack: Pack) -> None:
    pinned = services.references.pinned(pack)
    label = "Use the newest again" if pinned else "Always use this version"
    if st.button(label, key=f"reference.pin.{pack.key}", icon=":material/keep_off:" if pinned else ":material/keep:"):
        with explained():
            services.reference_installs.pin(access, pack, pinned=not pinned)
        st.rerun()


def _frame(services: Services, packs: Sequence[Pack], used: set[Pack | None]) -> pd.DataFrame:
    def state(pack: Pack) -> str:
        if services.references.pinned(pack):
            return "in use, chosen"
        return "in use" if pack in used else "not in use"

    return pd.DataFrame(
        {
            "Kind": [pack.kind.label for pack in packs],
            "Name": [pack.name for pack in packs],
            "Version": [pack.version for pack in packs],
            "Build": [pack.build or "both" for pack in packs],
            "State": [state(pack) for pack in packs],
            "Date": [pack.date or "not stated" for pack in packs],
            "Rows": [pack.rows for pack in packs],
            "Size": [file_size(pack.size) for pack in packs],
            "Licence": [pack.licence or "not recorded" for pack in packs],
        }
    )
