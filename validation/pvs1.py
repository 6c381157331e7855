"""Walk the PVS1 trees for loss-of-function variants with a known result: `python -m validation.pvs1 FILE [--models FILE]`.

SEE: `validation/pvs1_cases.py` for the columns of FILE: cases of the tree's branches, or the export of the ClinGen Evidence
Repository. What a row must give is the transcript, and what happens: a new stop (`p.Arg598Ter`, `p.Val362GlyfsTer31`), the place
and length of a frameshift, a canonical splice site, the exons lost, or the lost start codon; in the name or in the comment.

The gene model comes from `--models`, GFF3 or the `exons.parquet` of installed gene models, and else from
`validation/pvs1_transcripts.tsv`. A model is taken by accession without its version. A row named on another transcript than the
one the gene's panel counts on is judged on the panel's, by its place on the genome. A row that says too little, or has no model,
is left out, counted and told on stderr.

Taken for granted, since no such file can say it: loss of function causes the disease, and the transcript is a relevant one. What
only data say beyond that (loss of the exon common in the population, another functional start, the bases behind a frameshift) is
unknown, and a row that needs it is "not assessable", which agrees with no strength. `--rare` answers two of these for all rows:
loss of no exon is common, and no other functional transcript starts elsewhere; in the product a frequency pack and gene models
tell. The tree of the gene's panel goes before the one of 2018 where it is encoded; `--general` leaves the panels out.

Prints each disagreement and a table by class of variant and half of the genes (a hash of the name decides; nothing was chosen on
either). The last line is JSON: `n`, `kappa` (Cohen's, over strengths), `agreement`, `not_assessable` (of n), `n_decided` and
`kappa_decided` (without those), `left_out`; the same for the tree of 2018 alone, with `--rare`, by class and by half; and the
transcripts. Where file and engine know a single strength only, kappa is not defined: complete agreement is then given as 1, and
`kappa_defined` false.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.errors import InvalidInputError
from services.genomics.acmg.gene_model import GeneModel
from services.genomics.acmg.null_variant import decide
from services.genomics.acmg.panels import KNOWN
from services.genomics.acmg.record import Effect, GeneFacts, LossOfFunction, Mechanism, VariantRecord
from services.genomics.acmg.specifications import GENERAL
from validation.acmg_rules import half_of
from validation.gene_models import read_gene_models, read_shipped
from validation.pvs1_cases import NONE, Case, read_cases

TRANSCRIPTS = Path(__file__).with_name("pvs1_transcripts.tsv")
NOT_ASSESSABLE = "not assessable"
CLASSES = {
    Effect.NONSENSE: "nonsense", Effect.FRAMESHIFT: "frameshift", Effect.SPLICE_SITE: "splice site",
    Effect.START_LOST: "start lost", Effect.EXON_DELETION: "exon deletion",
}


@dataclass(frozen=True, slots=True)
class Premises:
    """What is taken for granted about every case, and whether the panels' trees are walked."""

    is_rare: bool = False
    is_general: bool = False


OPEN = Premises()


@dataclass(frozen=True, slots=True)
class Judged:
    """A case whose model is known, and the strength the tree gives it."""

    case: Case
    found: str


class Models:
    """Gene models by accession without version, and the transcripts of each gene that ships."""

    def __init__(self, path: Path | None) -> None:
        """Read the gene models; raises InvalidInputError for a file that is neither GFF3 nor a table of exons."""
        shipped = read_shipped(TRANSCRIPTS)
        self._genes = {name: gene for name, (gene, _) in shipped.items()}
        self._shipped = {name: model for name, (_, model) in shipped.items()}
        self._models = self._shipped | (read_gene_models(path) if path else {})
        self._of_gene: dict[str, list[GeneModel]] = defaultdict(list)
        for gene, model in shipped.values():
            self._of_gene[gene].append(model)

    def named(self, case: Case) -> Case:
        """Return a case with its gene, where the file does not say it and the transcript ships."""
        return case if case.gene else replace(case, gene=self._genes.get(case.accession, ""))

    def placed(self, case: Case) -> tuple[Case, GeneModel] | None:
        """Return a case on its transcript, or on the one its panel counts on; None without a model."""
        model, rules = self._models.get(case.accession), KNOWN.for_gene(case.gene).null
        if model is None or rules is None or rules.offset(model.facts()) is not None:
            return None if model is None else (case, model)
        target = next((one for one in self._of_gene[case.gene] if rules.offset(one.facts()) is not None), None)
        own = self._shipped.get(case.accession)  # both of one build: the models named may be of another
        moved = None if target is None or own is None else _moved(case, own, target)
        return (case, model) if target is None or moved is None else (moved, target)


def _moved(case: Case, model: GeneModel, target: GeneModel) -> Case | None:
    """Return a case in the positions of another transcript; None where that lacks one of its bases."""
    given = [case.stop, case.changed_from, *(case.exons or ()), *((case.splice[0],) if case.splice else ())]
    moved: dict[int, int] = {}
    for position in filter(None, given):
        place = model.genomic_position(position)
        found = None if place is None else target.coding_position(place)
        if found is None:
            return None
        moved[position] = found
    return replace(
        case, stop=moved.get(case.stop or 0), changed_from=moved.get(case.changed_from or 0),
        splice=(moved[case.splice[0]], case.splice[1]) if case.splice else None,
        exons=(moved[case.exons[0]], moved[case.exons[1]]) if case.exons else None,
    )


def judge(case: Case, models: Models, premises: Premises = OPEN) -> str | None:
    """Return the strength the tree gives, `NONE`, `NOT_ASSESSABLE`, or None without a gene model."""
    placed = models.placed(case)
    loss = None if placed is None else _loss(*placed)
    if placed is None or loss is None:
        return None
    if premises.is_rare:
        loss = replace(loss, exon_loss_is_common=False, alternative_start=False)
    gene, transcript = GeneFacts(case.gene, loss_of_function=Mechanism.ESTABLISHED), placed[1].facts(is_relevant=True)
    record = VariantRecord(case.effect, gene, transcript=transcript, loss=loss)
    branch = decide(record, GENERAL if premises.is_general else KNOWN.for_gene(case.gene))
    if branch.missing:
        return NOT_ASSESSABLE
    return branch.strength.value if branch.strength is not None else NONE


def _loss(case: Case, model: GeneModel) -> LossOfFunction | None:
    """Return what the case does to the product; None where its place is no exon's end of the model."""
    if case.splice is None and case.exons is None:
        return LossOfFunction(stop_position=case.stop, changed_from=case.changed_from, shift=case.shift)
    spans = model.coding_exons
    if case.exons is not None:
        numbers = [n for n, (first, last) in enumerate(spans, 1) if case.exons[0] <= first and last <= case.exons[1]]
        at_donor = None
    else:
        position, at_donor = case.splice or (0, False)
        numbers = [n for n, (first, last) in enumerate(spans, 1) if position == (last if at_donor else first)]
    try:
        return model.loss_of_exons(numbers[0], numbers[-1], at_donor=at_donor) if numbers else None
    except InvalidInputError:
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


def figures(judged: Sequence[Judged]) -> dict[str, float | int | bool]:
    """Return n, kappa, agreement, how many were not assessable, and kappa without those."""
    value, is_defined = kappa([(one.case.expected, one.found) for one in judged])
    decided, _ = kappa([(one.case.expected, one.found) for one in judged if one.found != NOT_ASSESSABLE])
    agreed = sum(one.case.expected == one.found for one in judged)
    refused = sum(one.found == NOT_ASSESSABLE for one in judged)
    return {
        "n": len(judged), "kappa": value, "kappa_defined": is_defined,
        "agreement": round(agreed / len(judged), 4) if judged else 0.0,
        "not_assessable": refused, "n_decided": len(judged) - refused, "kappa_decided": decided,
    }


def _parts(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Group by class of variant and by half of the genes, leaving out what is empty."""
    tests: dict[str, Callable[[Judged], bool]] = {
        label: lambda one, effect=effect: one.case.effect is effect for effect, label in CLASSES.items()  # type: ignore[misc]
    }
    tests |= {half: lambda one, half=half: half_of(one.case.gene) == half for half in ("choosing", "reporting")}  # type: ignore[misc]
    parts = {name: [one for one in judged if test(one)] for name, test in tests.items()}
    return {name: part for name, part in parts.items() if part}


def _run(cases: Sequence[Case], models: Models, premises: Premises) -> list[Judged]:
    tried = [(case, judge(case, models, premises)) for case in map(models.named, cases)]
    return [Judged(case, found) for case, found in tried if found is not None]


def _print_table(judged: Sequence[Judged], general: Sequence[Judged]) -> None:
    alone = _parts(general)
    print(f"{'variants':16} {'n':>5} {'agreement':>10} {'kappa':>6} {'decided':>8} {'kappa':>6} {'2018 alone':>11} {'kappa':>6}")
    for name, part in ({"all": list(judged)} | _parts(judged)).items():
        one, other = figures(part), figures(alone.get(name, list(general)))
        print(
            f"{name:16} {one['n']:5} {one['agreement']:10.1%} {one['kappa']:6.2f} {one['n_decided']:8} "
            f"{one['kappa_decided']:6.2f} {other['agreement']:11.1%} {other['kappa']:6.2f}"
        )


def _tell(judged: Sequence[Judged], general: Sequence[Judged], left_out: Sequence[str]) -> None:
    for text in left_out:
        print(f"left out: {text}", file=sys.stderr)
    for one, alone in zip(judged, general, strict=True):
        if one.found != one.case.expected:
            beside = f" (tree of 2018: {alone.found})" if alone.found != one.found else ""
            print(f"{one.case.name} {one.case.gene}: expected {one.case.expected}, here {one.found}{beside}")
    gained = sum(a.found != a.case.expected == b.found for a, b in zip(general, judged, strict=True))
    lost = sum(b.found != b.case.expected == a.found for a, b in zip(general, judged, strict=True))
    missed = sum(one.found != one.case.expected for one in general)
    print(f"the tree of 2018 misses {missed}; the panels' trees explain {gained} of them and miss {lost} that it has")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; 0 when done, 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", type=Path, help="gene models: GFF3 (also gzip) or exons.parquet")
    parser.add_argument("--all", action="store_true", help="take the cases the authors of the file set aside too")
    parser.add_argument("--rare", action="store_true", help="loss of no exon is common, and nothing else starts; see above")
    parser.add_argument("--general", action="store_true", help="walk the tree of 2018 alone")
    chosen = parser.parse_args(arguments)
    try:
        cases, left_out = read_cases(chosen.file, everything=chosen.all)
        models = Models(chosen.models)
    except (OSError, UnicodeDecodeError, InvalidInputError) as error:
        print(f"cannot use the input: {error}", file=sys.stderr)
        return 2
    judged = _run(cases, models, Premises(chosen.rare, chosen.general))
    general = _run(cases, models, Premises(chosen.rare, is_general=True))
    with_model = {one.case.name for one in judged}
    left_out += [f"{case.name}: no gene model with such an exon" for case in cases if case.name not in with_model]
    _tell(judged, general, left_out)
    _print_table(judged, general)
    used = sorted({one.case.accession for one in judged})
    print(f"{len(judged)} cases judged, {len(left_out)} left out; models: {', '.join(used) or 'none'}")
    print(json.dumps({
        **figures(judged), "left_out": len(left_out), "tree_2018": figures(general),
        "rare": figures(_run(cases, models, Premises(is_rare=True, is_general=chosen.general))),
        "by": {name: figures(part) for name, part in _parts(judged).items()}, "models": used,
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
