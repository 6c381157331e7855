"""How laboratories spell units, and the one spelling kept here.

`normalise_unit` reads `µg/mL`, `mcg/ml`, `x10*9/L`, `K/uL`, `mm/1 hr` or `mg/24h` and answers the canonical spelling,
or None for a unit it does not know. `units_in_name` does the same for a unit written into a field name (`crp_mg_l`),
where the slash is gone and several units can be meant (`u_l` is U/L or /µL): the analyte decides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_UNIT_LENGTH = 40

_SPELLINGS: dict[str, str] = {
    "10^9/L": "109/l 109cells/l 103cells/ul k/ul k/mm3 k/cumm thousand/ul thous/ul thous/mm3 103/ul 103/mm3 /nl giga/l 3/ul"
    " tsd/ul tsd/mm3 gpt/l",
    "10^12/L": "1012/l m/ul m/mm3 106/ul 106/mm3 million/ul mil/ul mill/mm3 /pl tera/l mio/ul mio/mm3 tpt/l",
    "/uL": "/ul cells/ul cell/ul cells/mm3 /mm3 count/ul 106/l cells/cumm /cumm",
    "mg/L": "mg/l mg/lfeu", "mg/dL": "mg/dl mg% mg/100ml", "g/L": "g/l gm/l", "g/dL": "g/dl g% gm/dl", "ug/mL": "ug/ml ug/mlfeu",
    "ug/L": "ug/l", "ug/dL": "ug/dl", "ng/mL": "ng/ml ng/mlfeu", "ng/L": "ng/l", "ng/dL": "ng/dl", "pg/mL": "pg/ml",
    "mol/mol": "mol/mol", "mmol/mol": "mmol/mol", "mmol/L": "mmol/l mm", "umol/L": "umol/l um", "nmol/L": "nmol/l nm",
    "pmol/L": "pmol/l pm", "mEq/L": "meq/l mval/l",
    "U/L": "u/l units/l unit/l", "IU/L": "iu/l", "U/mL": "u/ml units/ml eu/ml elu/ml unit/ml", "IU/mL": "iu/ml",
    "kU/L": "ku/l", "kIU/L": "kiu/l", "mIU/L": "miu/l mu/l", "uIU/mL": "uiu/ml uu/ml", "mIU/mL": "miu/ml mu/ml",
    "AU/mL": "au/ml", "RU/mL": "ru/ml", "CU": "cu cu/ml", "GPL": "gpl gpl/ml gpl-u/ml gplu/ml",
    "MPL": "mpl mpl/ml mpl-u/ml mplu/ml", "ukat/L": "ukat/l",
    "mm/h": "mm/h mm/hr mm/hour mm/1h mm/1hr mm/1hour mm/60min mminh mmin1h mm/std mm/stunde",
    "%": "% percent pct %predicted percentpredicted %pred pctpredicted %ofpredicted percentofpredicted",
    "ratio": "ratio inr", "index": "index ai", "s": "s sec secs second seconds", "ms": "ms msec millisecond milliseconds",
    "fL": "fl", "L/L": "l/l", "L": "l", "mL": "ml cc", "mL/kg": "ml/kg cc/kg", "m": "m meter meters metre metres",
    "mL/min/1.73m2": "ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73sqm ml/min/173m2 ml/min/1.73",
    "mL/min": "ml/min ml/minute",
    "mg/g": "mg/g mg/gcr mg/gcreat mg/gcreatinine mg/gcrea", "g/g": "g/g g/gcr g/gcreatinine", "mg/mg": "mg/mg",
    "mg/mmol": "mg/mmol mg/mmolcr mg/mmolcreatinine", "g/mol": "g/mol", "g/mmol": "g/mmol", "ug/mg": "ug/mg",
    "ug/g": "ug/g", "mg/kg": "mg/kg",
    "g/24h": "g/24h g/24hr g/24hrs g/24hours g/d g/day g/dy g/24std g/tag g/24h-urin",
    "mg/24h": "mg/24h mg/24hr mg/24hrs mg/24hours mg/d mg/day mg/24std mg/tag",
    "/HPF": "/hpf rbc/hpf wbc/hpf cells/hpf /highpowerfield", "cmH2O": "cmh2o cmofh2o cmwater", "kPa": "kpa",
    "mmHg": "mmhg",
    # lengths, weights, scales: used by the activity instruments, not by analytes
    "kg": "kg", "cm": "cm", "mm": "mm", "°C": "°c c degc celsius", "°F": "°f f degf fahrenheit",
    "beats/min": "bpm beats/min /min", "U/kg/day": "u/kg/day u/kg/d iu/kg/day units/kg/day u/kg/24h",
    "pmol/8x10^8 RBC": "pmol/8x10^8rbc pmol/8x108rbc pmol/8x10e8rbc pmol/8x10*8rbc pmol/8e8rbc pmol/8x10^8erythrocytes",
    "0-10": "0-10 0-10cm 0-10nrs 0-10vas 0-10scale /10 nrs vascm cmvas",
    "0-100": "0-100 0-100mm 0-100vas 0-100scale /100 vasmm mmvas",
}  # fmt: skip

_BY_SPELLING: dict[str, str] = {
    spelling: canonical for canonical, spellings in _SPELLINGS.items() for spelling in (*spellings.split(), canonical.lower())
}

_GIGA_TERA = {"G/L": "10^9/L", "G/l": "10^9/L", "T/L": "10^12/L", "T/l": "10^12/L"}
_POWER_OF_TEN = re.compile(r"^x?10(?:\^|\*{1,2}|e\+?)?(?=\d)")
_NOT_NAME = re.compile(r"[^a-z0-9]+")


def normalise_unit(text: str) -> str | None:
    """Return the canonical spelling of a unit, or None when it is not known. Only the first 40 characters are read."""
    return _normalised(text[:MAX_UNIT_LENGTH])


@lru_cache(maxsize=2048)
def _normalised(text: str) -> str | None:
    cut = unicodedata.normalize("NFKC", text).strip()
    if cut in _GIGA_TERA:  # giga and tera per litre; in lower case the first would be grams
        return _GIGA_TERA[cut]
    folded = cut.lower().replace("\u03bc", "u").replace("\u00b5", "u").replace("mcg", "ug").replace("mcl", "ul").replace("×", "x")
    folded = folded.replace(" per ", "/").replace("–", "-").replace("litre", "l").replace("liter", "l")
    folded = re.sub(r"[\s().\[\]]+", "", folded) if "1.73" not in folded else re.sub(r"[\s()\[\]]+", "", folded)
    found = _BY_SPELLING.get(folded)
    if found is None:
        found = _BY_SPELLING.get(_POWER_OF_TEN.sub("10", folded))
    if found is None and folded.startswith("e") and folded[1:2].isdigit():
        found = _BY_SPELLING.get("10" + folded[1:])
    return found


def _slug(text: str) -> str:
    return _NOT_NAME.sub("", text.lower().replace("%", "pct").replace("^", ""))


_BY_SLUG: dict[str, tuple[str, ...]] = {}
for _spelling, _canonical in _BY_SPELLING.items():
    for _form in {_slug(_spelling), _slug("x" + _spelling) if _spelling.startswith("10") else _slug(_spelling)}:
        if _form and _canonical not in _BY_SLUG.get(_form, ()):
            _BY_SLUG[_form] = (*_BY_SLUG.get(_form, ()), _canonical)
for _exponent, _canonical in (("9", "10^9/L"), ("12", "10^12/L")):
    for _form in (f"10e{_exponent}l", f"e{_exponent}l", f"x10e{_exponent}l"):
        _BY_SLUG[_form] = (_canonical,)


def units_in_name(slug: str) -> tuple[str, ...]:
    """Return the units a name's ending may stand for (`mgdl` -> mg/dL; `ul` -> U/L and /µL), best spelling first."""
    return _BY_SLUG.get(slug, ())
