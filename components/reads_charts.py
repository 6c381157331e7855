"""The charts of a report on reads: depth, breadth, quality by cycle, insert size. Lines differ by dash as well as by colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from components.timeline_chart import safe

_COLOURS = ("#2a7fb8", "#c8591e", "#3f9b5f", "#8d63b5", "#b58a1e")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_QUIET: dict[str, Any] = {"displayModeBar": False, "responsive": True}
_HEIGHT = 270
_LEGEND = 48
_MOST_CONTIGS = 30
_TAIL = 0.995
_BINS = 60

Sample = Mapping[str, Any]
Line = tuple[str, Sequence[float], Sequence[float]]


def depth(samples: Sequence[Sample], key: str) -> None:
    """Draw which share of the positions has which depth, up to where nearly all of them lie."""
    lines: list[Line] = []
    for sample in samples:
        counts = {int(name): int(count) for name, count in sample["depth_histogram"].items()}
        total = sum(counts.values()) or 1
        last, seen = max(counts, default=1), 0
        for value in sorted(counts):
            seen += counts[value]
            if seen >= _TAIL * total:
                last = value
                break
        values = list(range(1, last + 1))
        lines.append((sample["sample"], values, [100 * counts.get(value, 0) / total for value in values]))
    peaks = ", ".join(f"{name} most often {x[y.index(max(y))]:g}" for name, x, y in lines if y)
    told = f"Depth of coverage: {peaks or 'no position is covered'}"
    _lines(lines, "reads over a position", "% of covered positions", key, told)


def contigs(samples: Sequence[Sample], key: str) -> None:
    """Draw the mean depth of the reference's longest sequences."""
    longest = sorted(samples[0]["contigs"], key=lambda one: -one["length"])[:_MOST_CONTIGS]
    names = {one["contig"] for one in longest}
    order = [one["contig"] for one in samples[0]["contigs"] if one["contig"] in names]
    figure = go.Figure()
    for at, sample in enumerate(samples):
        depths = {one["contig"]: one["mean_depth"] for one in sample["contigs"]}
        figure.add_bar(
            x=[safe(name) for name in order], y=[depths.get(name, 0.0) for name in order], name=safe(sample["sample"]),
            marker={"color": _COLOURS[at % len(_COLOURS)], "pattern": {"shape": ("", "/", ".", "x", "-")[at % 5]}},
        )
    _show(figure, "sequence of the reference", "mean depth", key, f"Mean depth of {len(order)} sequences of the reference")


def quality(samples: Sequence[Sample], key: str) -> None:
    """Draw the mean base quality by cycle, first and second reads apart."""
    lines: list[Line] = []
    for sample in samples:
        for mate, values in zip(("R1", "R2"), sample["quality_by_cycle"], strict=True):
            if values:
                name = f"{sample['sample']} {mate}" if sample["quality_by_cycle"][1] else sample["sample"]
                lines.append((name, list(range(1, len(values) + 1)), values))
    told = ", ".join(f"{name} from {y[0]:.0f} to {y[-1]:.0f}" for name, _, y in lines)
    _lines(lines, "cycle of the sequencer", "mean base quality (Phred)", key, f"Base quality by cycle: {told or 'not measured'}")


def insert_size(samples: Sequence[Sample], key: str) -> None:
    """Draw how long the fragments are; nothing for single reads."""
    lines: list[Line] = []
    for sample in samples:
        counts = sorted((int(size), int(count)) for size, count in sample["insert_sizes"].items() if int(size) > 0)
        total = sum(count for _, count in counts)
        if not total:
            continue
        seen, last = 0, counts[-1][0]
        for size, count in counts:
            seen += count
            if seen >= _TAIL * total:
                last = size
                break
        width = max(1, last // _BINS)
        binned: dict[int, int] = {}
        for size, count in counts:
            if size <= last:
                binned[size // width] = binned.get(size // width, 0) + count
        places = sorted(binned)
        lines.append((sample["sample"], [(at + 0.5) * width for at in places], [100 * binned[at] / total for at in places]))
    if not lines:
        st.caption("No pairs of reads, so no sizes of fragments.")
        return
    medians = ", ".join(
        f"{one['sample']} median {one['median_insert_size']}" for one in samples if one["median_insert_size"] is not None
    )
    _lines(lines, "fragment length (bases)", "% of pairs", key, f"Insert size: {medians}")


def substitutions(transitions: int, transversions: int, key: str) -> None:
    """Draw how many SNVs are transitions and transversions."""
    figure = go.Figure(
        go.Bar(
            x=[transitions, transversions], y=["transitions", "transversions"], orientation="h", hoverinfo="skip",
            text=[f"{transitions:,}", f"{transversions:,}"], textposition="outside", cliponaxis=False,
            marker={"color": list(_COLOURS[:2]), "pattern": {"shape": ["", "/"]}},
        )
    )
    figure.update_xaxes(range=[0, 1.2 * max(transitions, transversions, 1)])  # room for the numbers behind the bars
    _show(figure, "SNVs that pass", "", key, f"{transitions:,} transitions and {transversions:,} transversions", height=150)


def _lines(lines: Sequence[Line], across: str, upwards: str, key: str, alt: str) -> None:
    figure = go.Figure()
    for at, (name, x, y) in enumerate(lines):
        figure.add_scatter(
            x=list(x), y=list(y), mode="lines", name=safe(name),
            line={"color": _COLOURS[at % len(_COLOURS)], "dash": _DASHES[at % len(_DASHES)], "width": 2},
        )
    _show(figure, across, upwards, key, alt)


def _show(figure: go.Figure, across: str, upwards: str, key: str, alt: str, height: int = _HEIGHT) -> None:
    has_legend = len(figure.data) > 1
    figure.update_layout(
        height=height + (_LEGEND if has_legend else 0), margin={"l": 8, "r": 8, "t": 8 + (_LEGEND if has_legend else 0), "b": 8},
        showlegend=has_legend, legend={"orientation": "h", "yanchor": "bottom", "y": 1.02}, barmode="group",
        xaxis={"title": across, "fixedrange": True, "automargin": True},
        yaxis={"title": upwards, "fixedrange": True, "automargin": True, "rangemode": "tozero"},
    )
    st.plotly_chart(figure, theme="streamlit", key=key, config=_QUIET, alt=alt)
