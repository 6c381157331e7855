"""Activity instruments: what each asks, how it is computed, what its value means; missing items are named, never estimated."""

from services.clinical.activity.change import ScoreChange, delta
from services.clinical.activity.from_profile import scores_for, unknown_instruments
from services.clinical.activity.model import ActivityScore, Band, Instrument, Item, ItemKind
from services.clinical.activity.passages import Passage, bands_in_words, passages
from services.clinical.activity.registry import INSTRUMENTS, NOT_COMPUTED, find_instrument, for_disease

__all__ = [
    "INSTRUMENTS",
    "NOT_COMPUTED",
    "ActivityScore",
    "Band",
    "Instrument",
    "Item",
    "ItemKind",
    "Passage",
    "ScoreChange",
    "bands_in_words",
    "delta",
    "find_instrument",
    "for_disease",
    "passages",
    "scores_for",
    "unknown_instruments",
]
