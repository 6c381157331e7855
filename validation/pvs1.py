"""Walk the PVS1 tree for loss-of-function variants with a known result: `python -m validation.pvs1 FILE [--models FILE]`.

FILE is comma-separated with the columns `variant_name` (`NM_004360.3:c.1085delT`), `expected_prediction` (`PVS1`,
`PVS1_Strong` ..., anything else: does not apply), `expected_path` (`NF1`, `SS5`, `IC2` ...) and `comment`; a row whose first
column begins with `#` is a heading, or a case its authors set aside (`--all` takes those too). The expected strength is the one
the path has in the tree; without a path, the one of the prediction. The export of the ClinGen Evidence Repository (tab-separated,
`variation`, `gene`, `codes_parsed`) is read too: there the strength the panel gave PVS1 is expected.

What a row must give is the new stop: the protein change (`p.Val362GlyfsTer31`), in the name or in the comment. The gene model
comes from `--models`, GFF3 or the `exons.parquet` of installed gene models, and else from `validation/pvs1_transcripts.tsv`,
which knows coding length and last junction of the transcripts of the published examples; splice sites need `--models`. A
model is taken by accession without its version. A row without protein change or model is left out, counted and told on stderr.

Taken for granted, since the file cannot say it: loss of function causes the disease, and the transcript is a relevant one.
Rules of a gene's panel apply. What the tree asks beyond that (critical region, loss common in the population) is unknown, and
a row that needs it is "not assessable", which agrees with no strength. --rare answers one of these questions for all rows:
loss of no exon is common in the population, which a frequency pack tells in the product.

Prints each disagreement; the last line is JSON: `n`, `kappa` (Cohen's, over strengths), `agreement`, `not_assessable` (of n),
`left_out`. Where file
and engine know a single strength only, kappa is not defined: complete agreement is then given as 1, and `kappa_defined` false.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.errors import InvalidInputError
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.null_variant import decide
from services.genomics.acmg.panels import KNOWN
from services.genomics.acmg.record import Effect, GeneFacts, LossOfFunction, Mechanism, Transcript, VariantRecord
from validation.gene_models import read_gene_models

NEEDED = ("variant_name", "expected_prediction", "expected_path")
NEEDED_OF_PANELS = ("variation", "gene", "codes_parsed")
TRANSCRIPTS = Path(__file__).with_name("pvs1_transcripts.tsv")
NOT_ASSESSABLE, NONE = "not assessable", "does not apply"
_VS, _S, _M, _P = "very strong", "strong", "moderate", "supporting"
_PATHS = {
    **dict.fromkeys(("NF1", "SS1", "DEL1", "DEL2", "DUP1", "PTEN"), _VS), **dict.fromkeys(("NF3", "NF5", "DUP2"), _S),
    **dict.fromkeys(("SS3", "SS5", "SS8", "SS10"), _S), **dict.fromkeys(("NF6", "SS6", "SS9", "IC1"), _M), "IC2": _P,
    **dict.fromkeys(("NF2", "NF4", "SS2", "SS4", "SS7", "IC3", "DUP3", "DUP4", "NA"), NONE),
}
_PREDICTIONS = {"PVS1": _VS, "PVS1_VERYSTRONG": _VS, "PVS1_STRONG": _S, "PVS1_MODERATE": _M, "PVS1_SUPPORTING": _P}
_ACCESSION = re.compile(r"(NM_[0-9]{1,9}|ENST[0-9]{1,11})(?:\.[0-9]{1,3})?(?:\([A-Za-z0-9-]{1,30}\))?:c\.(.{1,200})")
_FRAMESHIFT = re.compile(r"p\.\(?[A-Z][a-z]{2}([0-9]{1,5})[A-Z][a-z]{2}fs(?:Ter|\*)([0-9]{1,5})")
_NONSENSE = re.compile(r"p\.\(?[A-Z][a-z]{2}([0-9]{1,5})(?:Ter|\*)")
_START = re.compile(r"p\.\(?Met1[^0-9]")
_SPLICE = re.compile(r"(-?[0-9]{1,6})([+-])[12][^0-9]")
_CODE = re.compile(r"PVS1\|(VS|S|M|P)\b")
_GENE = re.compile(r"Gene: ([A-Za-z0-9-]{1,30})")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: transcript without version, what happens, expected strength."""

    name: str
    gene: str
    accession: str
    effect: Effect
    expected: str
    stop: int | None = None
    """First coding position of the new stop codon."""
    splice: tuple[int, bool] | None = None
    """Coding position of the exon's last or first base, and whether it is the last."""


@dataclass(frozen=True, slots=True)
class Models:
    """Gene models by accession without version: whole ones, and facts of the published examples."""

    whole: Mapping[str, GeneModel]
    facts: Mapping[str, Transcript]

    def transcript(self, accession: str) -> Transcript | None:
        model = self.whole.get(accession)
        return model.facts(is_relevant=True) if model is not None else self.facts.get(accession)


def read_cases(path: Path, *, everything: bool = False) -> tuple[list[Case], list[str]]:
    """Return the cases, and what was left out with the reason; raises InvalidInputError for a file without the columns."""
    cases: list[Case] = []
    left_out: list[str] = []
    with path.open(encoding="utf-8", newline="") as lines:
        is_of_panels = "\t" in lines.readline()
        lines.seek(0)
        reader = csv.DictReader(lines, delimiter="\t" if is_of_panels else ",")
        missing = [name for name in (NEEDED_OF_PANELS if is_of_panels else NEEDED) if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(f"{path.name} has no column {', '.join(missing)}")
        for row in reader:
            found = _of_panel(row) if is_of_panels else _of_example(row, (reader.fieldnames or [""])[0], everything)
            if isinstance(found, Case):
                cases.append(found)
            elif found is not None:
                left_out.append(found)
    return cases, left_out


def _of_example(row: Mapping[str, str | None], first: str, everything: bool) -> Case | str | None:
    """Return a case, why it is left out, or None for a heading or a case set aside."""
    if not (row["variant_name"] or "").strip() or ((row[first] or "").startswith("#") and not everything):
        return None
    comment = (row.get("comment") or "")[:1_000]
    gene = _GENE.search(comment)
    return _case((row["variant_name"] or "").strip()[:300], comment, gene.group(1) if gene else "", _expected(row))


def _of_panel(row: Mapping[str, str | None]) -> Case | str | None:
    """Return a case of a panel that judged PVS1; None for a row without it."""
    given = _CODE.search(row["codes_parsed"] or "")
    if given is None:
        return None
    strength = {"VS": _VS, "S": _S, "M": _M, "P": _P}[given.group(1)]
    return _case((row["variation"] or "").strip()[:300], "", (row["gene"] or "").strip(), strength)


def _case(name: str, comment: str, gene: str, expected: str) -> Case | str:
    parts = _ACCESSION.match(name)
    if parts is None:
        return f"{name}: no coding change of a transcript"
    text, known = f"{name} {comment};", (name, gene, parts.group(1))
    if found := _FRAMESHIFT.search(text):
        return Case(*known, Effect.FRAMESHIFT, expected, _first_base(int(found.group(1)) + int(found.group(2)) - 1))
    if found := _NONSENSE.search(text):
        return Case(*known, Effect.NONSENSE, expected, _first_base(int(found.group(1))))
    if _START.search(text):
        return Case(*known, Effect.START_LOST, expected)
    if found := _SPLICE.match(f"{parts.group(2)} "):
        return Case(*known, Effect.SPLICE_SITE, expected, splice=(int(found.group(1)), found.group(2) == "+"))
    return f"{name}: no protein change is given, so the new stop is not known"


def _first_base(codon: int) -> int:
    return 3 * (codon - 1) + 1


def _expected(row: Mapping[str, str | None]) -> str:
    path = (row["expected_path"] or "").strip().upper()
    prediction = (row["expected_prediction"] or "").strip().upper().replace(" ", "").replace("_VERY_", "_VERY")
    return _PATHS.get(path, _PREDICTIONS.get(prediction, NONE))


def read_models(path: Path | None) -> Models:
    """Read the gene models; raises InvalidInputError for a file that is neither GFF3 nor a table of exons."""
    with TRANSCRIPTS.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        facts = {
            row["accession"]: Transcript(
                row["accession"], int(row["coding_length"]), int(row["exons"]), int(row["last_junction"]), is_relevant=True
            )
            for row in rows
        }
    if path is None:
        return Models({}, facts)
    return Models(read_gene_models(path), facts)


def judge(case: Case, models: Models, *, is_rare: bool = False) -> str | None:
    """Return the strength the tree gives, `NONE`, `NOT_ASSESSABLE`, or None without a gene model."""
    transcript = models.transcript(case.accession)
    if transcript is None:
        return None
    loss = LossOfFunction(stop_position=case.stop)
    if case.splice is not None:
        skipped = _skipped(case.splice, models.whole.get(case.accession))
        if skipped is None:
            return None
        loss = skipped
    if is_rare:
        loss = replace(loss, exon_loss_is_common=False)
    record = VariantRecord(
        case.effect, GeneFacts(case.gene, loss_of_function=Mechanism.ESTABLISHED), transcript=transcript, loss=loss
    )
    branch = decide(record, KNOWN.for_gene(case.gene))
    if branch.missing:
        return NOT_ASSESSABLE
    return branch.strength.value if branch.strength is not None else NONE


def _skipped(site: tuple[int, bool], model: GeneModel | None) -> LossOfFunction | None:
    """State what is lost when the exon of a splice site is skipped: its coding bases, in frame or not."""
    if model is None:
        return None
    position, is_last = site
    length = model.facts().coding_length
    for first, last in model.exons:
        begin, end = sorted((model.coding_position(first) or 0, model.coding_position(last) or 0))
        if position == (end if is_last else begin):
            bases = max(0, min(end, length) - max(begin, 1) + 1)
            keeps = bases % 3 == 0
            lost = bases if keeps else length - max(begin, 1) + 1
            return LossOfFunction(stop_position=end + 1, keeps_frame=keeps, removed_fraction=min(1.0, lost / length))
    return None


def kappa(pairs: Sequence[tuple[str, str]]) -> tuple[float, bool]:
    """Return Cohen's kappa and whether it is defined; see the docstring of the module."""
    if not pairs:
        return 0.0, False
    total = len(pairs)
    agreed = sum(one == other for one, other in pairs) / total
    left, right = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(left[name] * right[name] for name in left) / total**2
    if chance == 1.0:
        return 1.0, False
    return round((agreed - chance) / (1.0 - chance), 4), True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when done, 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", type=Path, help="gene models: GFF3 (also gzip) or exons.parquet")
    parser.add_argument("--all", action="store_true", help="take the cases the authors of the file set aside too")
    parser.add_argument("--rare", action="store_true", help="take loss of every exon for rare in the population")
    chosen = parser.parse_args(arguments)
    try:
        cases, left_out = read_cases(chosen.file, everything=chosen.all)
        models = read_models(chosen.models)
    except (OSError, InvalidInputError) as error:
        print(f"cannot use the input: {error}", file=sys.stderr)
        return 2
    judged = [(case, judge(case, models, is_rare=chosen.rare)) for case in cases]
    left_out += [f"{case.name}: no gene model" for case, found in judged if found is None]
    pairs = [(case, found) for case, found in judged if found is not None]
    for text in left_out:
        print(f"left out: {text}", file=sys.stderr)
    for case, found in pairs:
        if found != case.expected:
            print(f"{case.name} {case.gene}: expected {case.expected}, here {found}")
    value, is_defined = kappa([(case.expected, found) for case, found in pairs])
    agreement = round(sum(case.expected == found for case, found in pairs) / len(pairs), 4) if pairs else 0.0
    used = ", ".join(sorted({case.accession for case, _ in pairs}))
    print(f"{len(pairs)} cases judged, {len(left_out)} left out; models: {used or 'none'}")
    print(json.dumps({
        "n": len(pairs), "kappa": value, "kappa_defined": is_defined, "agreement": agreement,
        "not_assessable": sum(found == NOT_ASSESSABLE for _, found in pairs), "left_out": len(left_out),
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main())
