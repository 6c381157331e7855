"""Safety of what a patient takes, is to take, or could be offered: alerts, and what could not be checked.

`review` is the whole answer; `alerts` is its alerts alone. Rules are data (`drug_rules.yaml`, `pgx_rules.yaml`), each with
its source; a rule that cannot be decided is listed, never counted as passed.
"""

from services.clinical.safety.alerts import Alert, DrugCheck, NotCheckable, candidate, candidates, check, rules_for
from services.clinical.safety.facts import Facts, gather
from services.clinical.safety.review import SafetyReport, alerts, review
from services.knowledge.drugs import Scope, Severity

__all__ = [
    "Alert",
    "DrugCheck",
    "Facts",
    "NotCheckable",
    "SafetyReport",
    "Scope",
    "Severity",
    "alerts",
    "candidate",
    "candidates",
    "check",
    "gather",
    "review",
    "rules_for",
]
