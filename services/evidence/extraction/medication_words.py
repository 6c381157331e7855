"""The words by which clinical text speaks of medications: doses, routes, how often, and what happened to a drug.

Plain patterns, read by `medications`. The order in `STATUS` matters: the first that fits decides.
"""

from __future__ import annotations

import re

from services.evidence.extraction.facts import MedicationStatus

Status = MedicationStatus
UNIT = (
    r"(?:mg|mcg|µg|μg|ug|g|IU|units?|U|mL|ml|drops?|puffs?|tablets?|tabs?|capsules?|caps?|patch(?:es)?|sachets?|sprays?|"
    r"mmol|mEq|ampoules?|vials?|pills?)"
)
NUMBER = r"\d{1,3}(?:[, ]?\d{3})*(?:[.,]\d{1,3})?"
DOSE = re.compile(
    rf"(?<![\w.])(?:{NUMBER}\s?(?:[-–/]\s?{NUMBER}\s?)?{UNIT}(?:\s?/\s?(?:kg|m2|m²|d|day))?(?:\s?(?:per|/)\s?(?:kg|day|"
    rf"m2))?|thin layer|pea-sized|one (?:tablet|capsule|drop|puff))(?![\w%])",
    re.IGNORECASE,
)
ROUTES = (
    (r"oral(?:ly)?|by mouth|p\.?o\.?|per os", "oral"), (r"subcutaneous(?:ly)?|s\.?c\.?|sub-?q|subcut", "subcutaneous"),
    (r"intravenous(?:ly)?|i\.?v\.?", "intravenous"), (r"intramuscular(?:ly)?|i\.?m\.?", "intramuscular"),
    (r"topical(?:ly)?", "topical"), (r"inhaled|inhalation|inh", "inhaled"), (r"ophthalmic|eye drops?", "ophthalmic"),
    (r"rectal(?:ly)?|p\.?r\.?", "rectal"), (r"subdermal", "subdermal"), (r"intra-?articular(?:ly)?", "intra-articular"),
    (r"sublingual(?:ly)?|s\.?l\.?", "sublingual"), (r"transdermal", "transdermal"), (r"intranasal|nasal", "nasal"),
)
ROUTE = tuple((re.compile(rf"(?<![\w.])(?:{words})(?![\w.]\w)(?!\w)", re.IGNORECASE), name) for words, name in ROUTES)
FREQUENCY = re.compile(
    r"(?<!\w)(?:(?:once|twice|(?:two|three|four|five) times|[1-4]x) ?(?:a |per |/)?(?:daily|day|week(?:ly)?|month(?:ly)?)?(?: "
    r"(?:as needed|prn))?|"
    r"(?:once )?(?:daily|weekly|monthly|fortnightly|biweekly|nightly|hourly)|every "
    r"(?:other |two |three |four |six |eight |twelve )?(?:\d{1,2}(?:[-–]\d{1,2})? "
    r"?)?(?:hours?|days?|weeks?|months?|years?|morning|evening|night|day|week|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)|q\.? ?\d{1,2} ?(?:h|hrs?|d|w|wk|weeks?|months?|m)|q(?:d|am|pm|"
    r"hs|w|wk|week|od|m|day)|o\.?d\.?|b\.?i\.?d\.?|b\.?d\.?|t\.?i\.?d\.?|tds|q\.?i\.?d\.?|qds|"
    r"a(?:t)? (?:night|bedtime)|in the (?:morning|evening)|mornings?|nocte|mane|(?:as|when) needed|prn|(?:a|per|each) (?:day|"
    r"week|month)|/(?:day|week|wk|d)|single dose|once)(?!\w)",
    re.IGNORECASE,
)
STATUS: tuple[tuple[Status, str], ...] = (
    (Status.PLANNED, r"planned|to (?:be )?start(?:ed)?|will (?:be )?start(?:ed)?|plan to start|to begin|scheduled"),
    (Status.HELD, r"held|hold|on hold|holding|paused|pause|suspended|withheld|interrupted"),
    (Status.STOPPED, r"stopped|stop|stopping|discontinued?|discontinuing|ceased|d/c'?d|dc'd|withdrawn|completed|finished|ended|"
                     r"abandoned|weaned off|came off|taken off"),
    (Status.PAST, r"past|previous(?:ly)?|former(?:ly)?|prior|historical|inactive"),
    (Status.CHANGED, r"changed|increased?|increasing|decreased?|decreasing|reduced?|reducing|raised|lowered|taper(?:ed|ing)?|"
                     r"escalated|doubled|halved|cut|titrated|adjusted"),
    (Status.STARTED, r"started|start|starting|restart(?:ed|ing)?|commenced?|commencing|initiated?|initiating|began|begin|begun|"
                     r"new|resumed?|resuming|added|prescribed|switched to|given|received|infused|loaded"),
    (Status.CURRENT, r"current(?:ly)?|continu(?:e|es|ed|ing)|ongoing|active|taking|takes|remains on|stays on|stable on|"
                     r"maintained|unchanged|on|uses|using|takes"),
)
CUE = re.compile("|".join(rf"(?P<{status.value}>(?<![\w-])(?:{words})(?![\w-]))" for status, words in STATUS), re.IGNORECASE)
NOT_TAKEN = re.compile(
    r"\b(?:allerg\w*|intoleran\w+ (?:of|to)|never (?:took|taken|tried|started|had|received)|declin(?:ed|es)|refus(?:ed|es)|"
    r"avoid\w*|contraindicat\w*|must not|should not|do not|did not|"
    r"does not (?:take|want|use)|no longer (?:an option|advised)|not (?:started|given|taken|begun|an option|advised|"
    r"recommended|used|wanted|taking)|instead of|rather than|consider\w*|considered|"
    r"discuss\w*|option|options|offered|could|would|might|may|if|whether|unless|against|warned|risk of|antibodies? (?:to|"
    r"against)|trough|level|levels|before any|candidate|"
    r"mother|father|brother|sister|aunt|uncle|grandmother|grandfather|wife|husband|partner|daughter|son|cousin|family|asked "
    r"(?:about|whether)|without)\b", re.IGNORECASE,
)
AUX = re.compile(
    r"^\s*(?:\([^()]{1,60}\)\s*)?(?:(?:was|were|is|are|has been|have been|had been|to be|being|will be)\s+)?(?:then |again |"
    r"now |later |therefore |subsequently |also |gradually )?$", re.IGNORECASE,
)
BETWEEN_ACTIVE = re.compile(
    r"^\s*(?:(?:on|with|of|the|her|his|their|a|an|to|taking|using|oral|iv|intravenous|subcutaneous|topical|weekly|daily|"
    r"low-dose|high-dose|pulse|maintenance|back|again|both|dose|course|"
    rf"{NUMBER}|{UNIT}|first|once|twice)\s*){{0,7}}$", re.IGNORECASE,
)
NEXT_CLAUSE = re.compile(r"[.;:]|\b(?:but|because|since then|after which|whereas|although)\b", re.IGNORECASE)
REASON = re.compile(r"\b(?:for|because of|due to|owing to|after|on account of)\s+([^.;,()]{3,80})", re.IGNORECASE)
LIST_SECTIONS = ("medication", "medicine", "prescription", "drugs", "treatment at discharge",
    "current therapy", "current treatment", "rx")
NO_LIST = ("allerg", "avoid", "do not", "adverse", "intoleran", "interaction", "family")
PLAN = ("plan", "recommend", "disposition", "discharge plan", "decision", "request", "next steps")
PAST_SECTIONS = ("past medication", "previous medication", "prior medication", "former",
    "previous treatment", "stopped", "discontinued", "past treatment")
LIST_LABEL = re.compile(
    r"^(?:[•-]\s?)?(?:(?:current |home |regular |discharge |present )?(?:medications?|medicines|drugs|meds|treatment|therapy|rx)"
    r"\s*(?:list)?|(?P<planned>planned|to start)|(?P<stopped>stopped|discontinued|previously)):\s+", re.IGNORECASE,
)
BULLET = re.compile(r"^(?:[•▪◦*·–—-]\s{0,3}|\(?\d{1,2}[.)]\s{1,3})")
SPLIT_STATUS = re.compile(r"\s+[—–]\s+|\s+-\s+|;\s+")
HEAD_ROLES = (
    ("name", re.compile(r"\b(?:medications?|drugs?|medicines?|name|agent|product|generic)\b", re.IGNORECASE)),
    ("dose", re.compile(r"\b(?:dose|dosage|strength)\b", re.IGNORECASE)), ("route", re.compile(r"\broute\b", re.IGNORECASE)),
    ("frequency", re.compile(r"\b(?:freq\w*|sig|schedule|how often|instructions?|directions?|posology)\b", re.IGNORECASE)),
    ("start", re.compile(r"\b(?:start\w*|began|since|from)\b", re.IGNORECASE)),
    ("stop", re.compile(r"\b(?:stop\w*|end\w*|until|discontinued|to)\b", re.IGNORECASE)),
    ("status", re.compile(r"\b(?:status|state|action|change)\b", re.IGNORECASE)),
    ("note", re.compile(r"\b(?:comments?|notes?|reason|indication|remarks?)\b", re.IGNORECASE)),
)
BARE_PARTICIPLE = re.compile(
    r"started|commenced|initiated|begun|restarted|resumed|added|stopped|discontinued|ceased|completed|ended|finished|withdrawn|"
    r"held|paused|suspended|withheld|increased|reduced|decreased|tapered",
    re.IGNORECASE,
)
IT_ENDED = re.compile(
    r"\b(?:it|this|which|that|but|and)\s+(?:was|had to be|has been|had been)\s+(?:then |later |soon |again )?"
    r"(?:stopped|discontinued|withdrawn|ceased)\b", re.IGNORECASE,
)
GIVEN = re.compile(r"^(?:given|received|infused|loaded)$", re.IGNORECASE)
PASSIVE_PAST = re.compile(r"\b(?:was|were|had been|had)\s+(?:\w+\s+)?$", re.IGNORECASE)
PART_OF_WORD = re.compile(r"[-–](?:like|induced|associated|related|naive|na[iï]ve|dependent|resistant|refractory|sparing|free|"
                           r"exposed)")
