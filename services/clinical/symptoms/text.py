"""Folds a written finding into comparable words: spelling, plural, inflection and everyday synonyms go.

The same folding is applied to the curated phrases and to what a clinician writes, so it only has to be consistent. All
steps are linear in the text, which is cut first.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TEXT = 300
"""Longer text is cut before it is read; the profile allows 200 characters for one entry."""
MAX_WORDS = 60

_WORD = re.compile(r"[a-z0-9]+(?:/[0-9]+)?\+?")
_CLAUSE_BREAK = re.compile(r"[;()\n\r!]|\.(?!\d)|\b(?:but|however|although|except|yet|whereas)\b")
DOUBT = "possible"
"""The word every expression of doubt is folded to: "?", "rule out", "suspected", "cannot be excluded"."""
# How results are abbreviated: "(-)", "-ve", "(neg)", and a question mark before or after what is asked.
_SHORTHAND: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\(\s?(?:-|neg(?:ative)?|no|nil|absent)\s?\)|(?<![a-z0-9])-\s?ve\b"), " absent "),
    (re.compile(r"\(\s?(?:\+{1,3}|pos(?:itive)?|yes|present)\s?\)|(?<![a-z0-9])\+\s?ve\b"), " "),
    (re.compile(r"(?:(?<=[\s:;,(/])|^)\?{1,3}\s?(?=[a-z])"), " possible "),
    (re.compile(r"\?"), " possible;"),
)

# Words without a meaning of their own here. "no", "after", "both" and directions are kept.
_STOP = frozenset(
    """a an the of in on at to with or for from by as is are was were be been being has have had having do does did
    her his their its she he they it that this these those which who s t about over into onto also quite some any
    slight slightly notable noticeable onset occasional currently recently noted note report reports reported present
    presents presence evidence finding findings sign signs seen shows showing found associated patient complains
    complaint history""".split()
)

# Everyday words and spellings brought to one form. Keys are folded but not yet stemmed.
_WORDS: dict[str, str] = {}
for _target, _sources in {
    "pain": "pains ache aches aching achy painful discomfort hurt hurts hurting",
    "tender": "tenderness",
    "high": "elevated raised increased increase increases elevation excessive excess increasing",
    "low": "decreased reduced diminished decrease reduction deficiency deficient deficit subnormal decreasing",
    "swell": "swollen swelling swellings swells",
    "weak": "weakness weaker weakened",
    "stiff": "stiffness stiffer",
    "numb": "numbness tingling tingles paresthesia paresthesias",
    "itch": "itchy itching itches pruritic pruritus itchiness",
    "worse": "worsen worsens worsened worsening exacerbated aggravated exacerbates aggravates worst",
    "better": "improve improves improved improving improvement relieved relieves relief relieve alleviated alleviates "
    "eases eased lessens resolves subsides",
    "exercise": "exertion exercising activity activities movement movements moving swimming stretching exertional physical "
    "repetitive-use",
    "rest": "resting rested",
    "difficulty": "trouble unable inability cannot impaired impairment struggle struggles problems problem "
    "difficulties hard-to",
    "blood": "bloody",
    "bleed": "bleeding bleeds bled hemorrhage",
    "stool": "stools feces faeces poop fecal",
    "eyelid": "eyelids lid lids",
    "no": "not without denies denied deny never nor none negative neg neither unlikely excluded excludes",
    "possible": "possibly probable probably suspected suspicion suspicious suspect query questionable equivocal exclude presumed "
    "pending awaited awaiting planned requested ordered scheduled",
    "short": "shortness",
    "morning": "mornings awakening waking",
    "evening": "evenings afternoon nightfall",
    "leg": "legs thigh thighs calf calves",
    "arm": "arms forearm forearms",
    "enlarge": "enlarged enlargement enlarging enlarges",
    "blur": "blurry blurred blurring blurriness",
    "vision": "visual sight eyesight",
    "finger": "fingers digits digit",
    "sun": "sunlight",
    "diarrhea": "diarrheal",
    "period": "periods",
    "thick": "thickened thickening thicken",
    "hard": "hardened hardening harden",
    "tight": "tightness tightening tightened",
    "symmetric": "symmetrical symmetrically",
    "skin": "cutaneous",
    "joint": "joints articular",
    "abdomen": "abdominal belly tummy",
    "lung": "lungs pulmonary",
    "urine": "urinary",
    "eye": "eyes ocular",
    "fatigue": "fatigued fatiguing",
    "thirst": "thirsty",
    "scale": "scales scaling scaly",
    "plaque": "plaques",
    "inflammation": "inflamed inflammatory",
    "infiltrate": "infiltration infiltrates infiltrating",
    "mother": "mothers",
    "climb": "climbing climbs",
    "swallow": "swallowing",
    "chew": "chewing",
    "walk": "walking walks ambulation",
    "speak": "speaking",
    "breath": "breathing breathe",
    "sleep": "sleeping sleepless",
    "limit": "limited limitation restricted restriction limits",
    "lose": "losing loses",
    "loss": "lost",
    "droop": "drooping droopy drooped sagging",
    "red": "redness reddened erythematous erythema",
    "absent": "absence",
    "flex": "flexion flexing",
    "fuse": "fusion fused",
    "erosion": "erosions erosive",
    "goiter": "goitre goiters",
    "gas": "gassy",
    "dark": "darkening darkened",
    "color": "discoloration discolouration colors",
    "white": "whitish",
    "blue": "bluish cyanotic",
    "pale": "pallor",
    "deep": "deeper",
    "thin": "thinner",
    "heavy": "heavier",
    "spine": "spinal",
}.items():
    for _source in _sources.split():
        _WORDS[_source] = _target

_RUNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (tuple(source.split()), tuple(target.split()))
    for source, target in (
        ("bowel movements", "stool"), ("bowel movement", "stool"), ("bowel motions", "stool"),
        ("lower extremities", "leg"), ("lower extremity", "leg"), ("lower limbs", "leg"), ("lower limb", "leg"),
        ("upper extremities", "arm"), ("upper extremity", "arm"), ("upper limbs", "arm"), ("upper limb", "arm"),
        ("end of the day", "evening"), ("end of day", "evening"), ("later in the day", "evening"),
        ("late in the day", "evening"), ("as the day progresses", "evening"), ("by the end", "evening"),
        ("throughout the day", "evening"), ("over the course of the day", "evening"),
        ("pins and needles", "numb"), ("electric shocks", "electric shock"), ("black outs", "syncope"),
        ("blood sugar", "glucose"), ("blood glucose", "glucose"), ("serum glucose", "glucose"),
        ("upon waking", "morning"), ("on waking", "morning"), ("after waking", "morning"), ("on rising", "morning"),
        ("after getting up", "morning"), ("hard to", "difficulty"), ("finds it hard", "difficulty"),
        ("can not", "difficulty"), ("can t", "difficulty"), ("eye lids", "eyelid"), ("eye lid", "eyelid"),
        ("non tender", "nontender"), ("non pitting", "nonpitting"), ("non caseating", "noncaseating"),
        ("thyroid gland", "thyroid"), ("heart beat", "heartbeat"), ("day time", "daytime"),
        ("not relieved", "no better"), ("does not improve", "no better"), ("doesn t improve", "no better"),
        ("fails to improve", "no better"), ("unrelieved", "no better"), ("unresponsive to rest", "no better rest"),
        ("cannot be excluded", "possible"), ("cannot be ruled out", "possible"), ("cannot exclude", "possible"),
        ("cannot rule out", "possible"), ("not excluded", "possible"), ("not ruled out", "possible"), ("rule out", "possible"),
        ("r o", "possible"), ("to exclude", "possible"), ("ruled out", "no"), ("rules out", "no"), ("absence of", "no"),
        ("free of", "no"), ("non erosive", "nonerosive"),
        ("her child", "son"), ("his child", "son"), ("her children", "son"), ("his children", "son"), ("their child", "son"),
        ("weigh loss", "weight loss"), ("bed wetting", "bedwetting"), ("follow up", "followup"),
    )
)  # fmt: skip
_RUN_STARTS = frozenset(source[0] for source, _ in _RUNS)


def clauses(text: str) -> list[list[str]]:
    """Cut `text` into clauses, each a list of folded words with commas kept as `,` (they bound a negation)."""
    plain = unicodedata.normalize("NFKD", text[:MAX_TEXT]).encode("ascii", "ignore").decode().lower()
    for pattern, spoken in _SHORTHAND:
        plain = pattern.sub(spoken, plain)
    result: list[list[str]] = []
    for clause in _CLAUSE_BREAK.split(plain.replace("'", "").replace("-", " ")):
        words: list[str] = []
        for index, part in enumerate(clause.split(",")):
            if index:
                words.append(",")
            words.extend(_WORD.findall(part)[: MAX_WORDS - len(words)])
        if any(word != "," for word in words):
            result.append(fold_words(words))
    return result


def fold_words(words: list[str]) -> list[str]:
    """Return the meaningful words of a clause in their common form, in order."""
    joined = _join_runs(words)
    return [fold_word(word) for word in joined if word not in _STOP]


def _join_runs(words: list[str]) -> list[str]:
    result: list[str] = []
    position = 0
    while position < len(words):
        if words[position] in _RUN_STARTS:
            for source, target in _RUNS:
                if tuple(words[position : position + len(source)]) == source:
                    result.extend(target)
                    position += len(source)
                    break
            else:
                result.append(words[position])
                position += 1
        else:
            result.append(words[position])
            position += 1
    return result


_UNINFLECTED = frozenset(
    "early pipe spine stare string thickness ring evening morning family during swing".split()
)


@lru_cache(maxsize=8192)
def fold_word(word: str) -> str:
    """Return the common form of one word: American spelling, synonym, then stem."""
    plain = word.replace("ae", "e").replace("oe", "e")
    if plain.endswith("our") and len(plain) > 5:
        plain = plain[:-3] + "or"
    return _stem(_WORDS.get(word) or _WORDS.get(plain, plain))


def _stem(word: str) -> str:
    """Strip English inflection. Crude on purpose: both sides of every comparison pass through it."""
    if len(word) <= 3 or not word.isalpha() or word in _UNINFLECTED:
        return word
    for ending, replacement in (("sses", "ss"), ("ies", "y"), ("ness", ""), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: len(word) - len(ending)] + replacement
            break
    else:
        if word.endswith(("xes", "ches", "shes", "zes")):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("y"):
        word = word[:-1] + "i"
    return word
