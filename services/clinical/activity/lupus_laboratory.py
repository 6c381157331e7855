"""The SLEDAI-2K items a laboratory result answers by definition (Gladman 2002, PMID 11838846).

Complement and anti-dsDNA are read against the laboratory's limits, proteinuria against 0.5 g in 24 h, cell counts against
the index's own cuts. A count below its cut is present here; whether a drug explains it is the clinician's to say, so such
an item carries a note. Red cells, white cells and casts in urine are left to the clinician, who must exclude infection.
The index looks back 30 days: a reading dated longer before the newest one answers nothing.
"""

from __future__ import annotations

import datetime

from services.clinical.labs import LabPanel

LOW_PLATELETS = 100.0
LOW_LEUKOCYTES = 3.0
PROTEINURIA_G_24H = 0.5
PROTEINURIA_MG_G = 500.0
WINDOW_DAYS = 30


def sledai_items(panel: LabPanel) -> dict[str, bool]:
    """Return the items that the panel decides, present or absent; an item it cannot decide is left out."""
    panel = _within_window(panel)
    decided: dict[str, bool | None] = {
        "low_complement": _low_complement(panel),
        "increased_dna_binding": _raised_dna_binding(panel),
        "proteinuria": _proteinuria(panel),
        "thrombocytopenia": _below(panel, "platelets", LOW_PLATELETS),
        "leukopenia": _below(panel, "leukocytes", LOW_LEUKOCYTES),
    }
    return {item: present for item, present in decided.items() if present is not None}


def _within_window(panel: LabPanel) -> LabPanel:
    """Return the panel without what is older than the window, counted from its newest date; undated readings stay."""
    dates = [reading.date for reading in panel.readings if reading.date is not None]
    if not dates:
        return panel
    oldest = max(dates) - datetime.timedelta(days=WINDOW_DAYS)
    return LabPanel(tuple(reading for reading in panel.readings if reading.date is None or reading.date >= oldest))


def _low_complement(panel: LabPanel) -> bool | None:
    readings = [reading for key in ("c3", "c4") if (reading := panel.get(key)) is not None and reading.lln is not None]
    if any(reading.flag == "L" for reading in readings):
        return True
    return False if len(readings) == 2 and all(one.is_below(one.lln or 0.0) is False for one in readings) else None


def _raised_dna_binding(panel: LabPanel) -> bool | None:
    reading = panel.get("dsdna_antibody")
    return None if reading is None or reading.uln is None else reading.is_above(reading.uln)


def _proteinuria(panel: LabPanel) -> bool | None:
    collected = panel.get("urine_protein_24h")
    if collected is not None:
        return collected.is_above(PROTEINURIA_G_24H)
    ratio = panel.get("upcr")
    return None if ratio is None else ratio.is_above(PROTEINURIA_MG_G)


def _below(panel: LabPanel, key: str, cut: float) -> bool | None:
    reading = panel.get(key)
    return None if reading is None else reading.is_below(cut)
