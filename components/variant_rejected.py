"""The lines of the file that a lenient import left out: where, what was wrong, and the line itself."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.feedback import empty, show_error
from components.variant_grid import grid_text
from services.access.principals import Principal
from services.container import Services
from services.errors import ParatopeError
from services.variants.library import TableInfo

_PER_PAGE = 200
_LINE = 300


def show(services: Services, access: Principal, info: TableInfo) -> None:
    """Draw the rejected lines in the order of the file."""
    if not info.rejected_count:
        empty("Every line of the file was imported.", icon=":material/check_circle:")
        return
    pages = -(-info.rejected_count // _PER_PAGE)
    lines = "line was" if info.rejected_count == 1 else "lines were"
    st.markdown(f"**{info.rejected_count:,}** {lines} left out. Mend them in the file and import it again to have them here.")
    area = st.container()
    number = st.pagination(pages, key="explorer.rejected.page") if pages > 1 else 1
    try:
        lines = services.workbench.questions.rejected(access, info.id, limit=_PER_PAGE, offset=(number - 1) * _PER_PAGE)
    except ParatopeError as error:
        show_error(error)
        return
    rows = lines.to_pylist()
    names = {"line": "Line", "field": "Field", "value": "Value", "reason": "What is wrong", "text": "The line"}
    frame = pd.DataFrame(
        {shown: [None if row[name] is None else grid_text(row[name], _LINE) for row in rows] for name, shown in names.items()}
    )
    area.dataframe(
        frame, hide_index=True, placeholder="—", alt="Lines that were not imported, with the reason",
        column_config={name: st.column_config.TextColumn(width="large") for name in ("What is wrong", "The line")},
    )  # fmt: skip
