"""The way to the diagnosis: first symptom, specialties, names given, signals and delay, each with its page in the documents."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components import source_viewer
from components.analysis_words import inline
from components.feedback import empty
from components.why import why
from services.access.principals import Principal
from services.clinical.disease import Disease
from services.clinical.odyssey import EventKind, Odyssey, OdysseyEvent
from services.container import Services

_LANES = {
    EventKind.SYMPTOM: ("First symptom", "circle", "#b45309"),
    EventKind.VISIT: ("Visits", "circle-open", "#64748b"),
    EventKind.LABEL: ("Names given", "x", "#be123c"),
    EventKind.SIGNAL: ("Signals", "triangle-up", "#6d28d9"),
    EventKind.DIAGNOSIS: ("Diagnosis", "star", "#0f766e"),
}
_LINE = 70
_HINDSIGHT = "With hindsight: the first signal that alone points to the disease, or the second separate one"
_LENGTH = {"day": 10, "month": 7, "year": 4}


def show(services: Services, access: Principal, patient_id: str, key: str) -> None:
    """Draw the way to the diagnosis the reader chooses."""
    reached = services.record.reached_diseases(patient_id, access)
    if not reached:
        empty("The documents state no confirmed diagnosis of one of the thirteen diseases: there is no way to trace yet.")
        return
    left, right = st.columns(2)
    target = left.selectbox("Diagnosis", reached, format_func=lambda one: one.label, key=f"{key}.target")
    began = right.date_input(
        "Another first day of symptoms", None, key=f"{key}.began.{target.value}", min_value=datetime.date(1900, 1, 1),
        max_value="today", format="YYYY-MM-DD", help="Where the documents are wrong or silent; replaces what they say",
    )
    entered = began if isinstance(began, datetime.date) else None
    odyssey = _traced(patient_id, target, entered, services.record.fingerprint(patient_id, access), access.name, services, access)
    _figures(odyssey, key)
    clicked = _chart(odyssey, key)
    if clicked is not None:
        _open(services, access, clicked)
    names, seen = st.columns([3, 2])
    with names:
        _names(services, access, odyssey, key)
    with seen:
        _specialties(odyssey)
    _signals(services, access, odyssey, target, key)
    _rest(odyssey)


@st.cache_data(max_entries=64, show_spinner="Tracing the way to the diagnosis …")
def _traced(
    patient_id: str, target: Disease, began: datetime.date | None, facts: str, reader: str,  # noqa: ARG001 - cache keys
    _services: Services, _access: Principal,
) -> Odyssey:  # fmt: skip
    return _services.record.odyssey(patient_id, target, _access, began=began)


def day_words(event: OdysseyEvent) -> str:
    """A date as exactly as it is known: "2019", "2019-03" or "2019-03-14"."""
    return event.date.isoformat()[: _LENGTH[event.precision]] if event.date is not None else "no date"


def _figures(odyssey: Odyssey, key: str) -> None:
    shown = {
        "Delay": _months(odyssey.delay_months),
        "First symptom": day_words(odyssey.first_symptom) if odyssey.first_symptom else "not known",
        "Diagnosis": day_words(odyssey.diagnosis) if odyssey.diagnosis else "not known",
        "Could have been seen": odyssey.recognisable_on.isoformat() if odyssey.recognisable_on else "not known",
        "Specialties": str(len(odyssey.specialties)),
        "Other names given": str(len(odyssey.labels)),
    }
    with st.container(horizontal=True, gap="medium"):
        for name, value in shown.items():
            st.metric(name, value, width="content", help=_HINDSIGHT if name == "Could have been seen" else None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_told(odyssey), width="content")
        why(odyssey.explanation, key=f"{key}.why")


def _months(months: int | None) -> str:
    if months is None:
        return "not known"
    years, rest = divmod(months, 12)
    return f"{months} months" if not years else f"{years} y {rest} m"


def _told(odyssey: Odyssey) -> str:
    """The course in a sentence."""
    if odyssey.delay_months is None:
        missing = " and ".join(odyssey.explanation.missing)
        return f":material/help: The delay cannot be told: {inline(missing or 'the first symptom is dated after the diagnosis')}."
    told = f"**{odyssey.delay_months} months** from the first symptom to the diagnosis"
    if odyssey.avoidable_months:
        told += f"; in hindsight **{odyssey.avoidable_months}** of them after the record could have told"
    return told + "."


def _chart(odyssey: Odyssey, key: str) -> OdysseyEvent | None:
    """Draw the course up to the diagnosis; returns the event that was clicked in this run."""
    end = odyssey.diagnosis.date if odyssey.diagnosis is not None else None
    first = odyssey.first_symptom
    shown: list[OdysseyEvent] = [*([first] if first else []), *odyssey.labels, *odyssey.signals]
    shown += [one for one in odyssey.events if one.kind is EventKind.VISIT and (end is None or (one.date and one.date <= end))
              and (first is None or first.date is None or (one.date and one.date >= first.date))]  # fmt: skip
    shown += [odyssey.diagnosis] if odyssey.diagnosis is not None else []
    if len(shown) < 2:
        return None
    figure = go.Figure()
    for kind, (lane, symbol, colour) in _LANES.items():
        rows = [(number, one) for number, one in enumerate(shown) if one.kind is kind]
        figure.add_trace(
            go.Scatter(
                x=[one.date for _, one in rows], y=[lane] * len(rows), mode="markers", name=lane,
                marker={"symbol": symbol, "size": 12, "color": colour}, customdata=[number for number, _ in rows],
                text=[_hover(one) for _, one in rows], hovertemplate="%{text}<extra></extra>",
            )
        )
    if odyssey.recognisable_on is not None and end is not None:
        figure.add_vrect(
            x0=odyssey.recognisable_on.isoformat(), x1=end.isoformat(), fillcolor="rgba(109, 40, 217, 0.10)", line_width=0,
        )
    figure.update_layout(
        height=250, showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10}, dragmode="pan",
        yaxis={"categoryorder": "array", "categoryarray": [lane for lane, _, _ in reversed(_LANES.values())], "automargin": True},
        xaxis={"type": "date"},
    )
    chosen = st.plotly_chart(
        figure, key=f"{key}.chart", on_select="rerun", selection_mode="points",
        config={"scrollZoom": True, "displayModeBar": False},
        alt=f"Way to the diagnosis: {len(odyssey.labels)} names given and {len(odyssey.signals)} signals before it",
    )
    st.caption("The shaded time lies between the day on which the record could have told and the diagnosis. Click a mark to open "
               "its page.")  # fmt: skip
    return _new_click(chosen, shown, f"{key}.handled")


def _new_click(chosen: object, shown: Sequence[OdysseyEvent], handled: str) -> OdysseyEvent | None:
    """A selection stays while the page reruns: only a new one opens something."""
    points = chosen["selection"]["points"] if isinstance(chosen, dict) else []
    index = points[0].get("customdata") if points else None
    index = index[0] if isinstance(index, list) and index else index
    if not isinstance(index, int | float) or not 0 <= int(index) < len(shown):
        st.session_state.pop(handled, None)
        return None
    if st.session_state.get(handled) == int(index):
        return None
    st.session_state[handled] = int(index)
    return shown[int(index)]


def _hover(event: OdysseyEvent) -> str:
    told = f"{day_words(event)}: {event.text}" + (f" ({event.specialty})" if event.specialty else "")
    return told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:160]


def _names(services: Services, access: Principal, odyssey: Odyssey, key: str) -> None:
    st.markdown("**From the first symptom to the diagnosis**")
    first = odyssey.first_symptom
    lines = [*([(first, ":material/flag:")] if first is not None else []), *((one, ":material/label:") for one in odyssey.labels)]
    lines += [(odyssey.diagnosis, ":material/star:")] if odyssey.diagnosis is not None else []
    with st.container(gap=None):
        for number, (one, icon) in enumerate(lines):
            _line(services, access, one, icon, f"{key}.name.{number}")
    if not odyssey.labels:
        st.caption("The documents give no other name between the first symptom and the diagnosis.")
    undated = [one for one in odyssey.undated if one.kind is EventKind.LABEL]
    for number, one in enumerate(undated):
        _line(services, access, one, ":material/label_off:", f"{key}.undated.{number}")


def _line(services: Services, access: Principal, event: OdysseyEvent, icon: str, key: str) -> None:
    text = event.text if len(event.text) <= _LINE else f"{event.text[:_LINE].rsplit(' ', 1)[0]} …"
    shown = f"**{day_words(event)}** {inline(text)}"
    if event.document_id is None:
        st.markdown(f"{icon} {shown}")
    elif st.button(shown, key=key, type="tertiary", icon=icon):
        _open(services, access, event)


def _open(services: Services, access: Principal, event: OdysseyEvent) -> None:
    if event.document_id is not None:
        source_viewer.open_page(services, access, event.document_id, event.page or 1, event.quote)


def _specialties(odyssey: Odyssey) -> None:
    st.markdown("**Specialties before the diagnosis**")
    if not odyssey.specialties:
        st.caption("No document before the diagnosis names a specialty.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Specialty": [one.specialty for one in odyssey.specialties],
                "First seen": [one.first_seen for one in odyssey.specialties],
                "Visits": [one.visits for one in odyssey.specialties],
            }
        ),
        hide_index=True, height="content", alt="Specialties seen before the diagnosis",
    )


def _signals(services: Services, access: Principal, odyssey: Odyssey, target: Disease, key: str) -> None:
    st.markdown(f"**Signals before the diagnosis** ({len(odyssey.signals)})")
    if not odyssey.signals:
        st.caption("Nothing on file before the diagnosis weighed for it.")
        return
    st.caption(
        f"Findings and results that weigh for {inline(target.label)}, on the first day a document held them, as the present "
        "rules read them. Seen with hindsight; they do not say what could have been known on that day."
    )
    shown = list(odyssey.signals)
    table = st.dataframe(
        pd.DataFrame(
            {
                "Day": [day_words(one) for one in shown],
                "Signal": [one.text for one in shown],
                "": ["points to it alone" if one.is_specific else "" for one in shown],
                "Name given at the time": [_name_then(odyssey, one) for one in shown],
            }
        ),
        hide_index=True, on_select="rerun", selection_mode="single-row", key=f"{key}.signals.{target.value}",
        height=min(36 * len(shown) + 38, 420), alt="Signals before the diagnosis",
        column_config={"Day": st.column_config.TextColumn(width="small"), "Signal": st.column_config.TextColumn(width="large")},
    )
    rows = table["selection"]["rows"]
    if rows and rows[0] < len(shown) and st.button("Open the page", key=f"{key}.signal.open", icon=":material/menu_book:"):
        _open(services, access, shown[rows[0]])


def _name_then(odyssey: Odyssey, signal: OdysseyEvent) -> str:
    """The last name given by the day of a signal: what the finding was taken for, as far as the documents tell."""
    given = [one for one in odyssey.labels if one.date is not None and signal.date is not None and one.date <= signal.date]
    return f"{given[-1].text} ({day_words(given[-1])})" if given else ""


def _rest(odyssey: Odyssey) -> None:
    if odyssey.others:
        with st.expander(f"Other diagnoses of that time ({len(odyssey.others)})", icon=":material/clinical_notes:"):
            st.caption("They concern organs in which this disease does not show itself, or stand beside it to this day.")
            st.markdown("\n".join(f"- {day_words(one)} {inline(one.text)}" for one in odyssey.others))
    for gap in odyssey.gaps:
        st.caption(f":material/info: {inline(gap)}")
