"""Hold the import's checks against a corpus of valid and invalid VCF files.

    python -m validation.vcf_conformance DIRECTORY

The corpus is laid out as `<any>/passed/*.vcf` and `<any>/failed/*.vcf`; `--packed` takes compressed files too. A valid file is
*accepted* when a strict import would import it; an invalid one is *flagged* when it is refused, or warned about with a field
and, unless the file as a whole is meant, a line. Undeclared names (a contig, filter or key without a header line) are common in
valid files too: the table shows how many invalid files are flagged by something else. The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from services.variants.imports import check_file
from services.variants.outcome import ImportOptions, Mode
from services.variants.problems import Problem, Severity
from services.variants.vcf.record import ONCE_PER_VALUE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks say of one file."""

    path: Path
    is_valid: bool
    errors: int
    warnings: int
    specific: int
    """Problems other than undeclared names."""
    first: Problem | None

    @property
    def as_it_should_be(self) -> bool:
        return self.errors == 0 if self.is_valid else self.errors + self.warnings > 0


def judge(path: Path, *, is_valid: bool) -> Verdict:
    """Check one file from its first to its last line."""
    log = check_file(path, ImportOptions(mode=Mode.LENIENT)).problems
    specific = sum(count for (rule, _), count in log.counts.items() if rule not in ONCE_PER_VALUE)
    shown = sorted(log.kept, key=lambda problem: (problem.severity is not Severity.ERROR, problem.rule in ONCE_PER_VALUE))
    return Verdict(path, is_valid, log.errors, log.warnings, specific, shown[0] if shown else None)


def judge_corpus(directory: Path, *, packed: bool = False) -> list[Verdict]:
    """Check every file of a corpus, in the order of their paths."""
    endings = (".vcf", ".vcf.gz", ".vcf.bgz", ".vcf.bz2") if packed else (".vcf",)
    return [
        judge(path, is_valid=kind == "passed")
        for kind in ("passed", "failed")
        for path in sorted(directory.rglob(f"{kind}/*"))
        if path.name.endswith(endings)
    ]


def summary(verdicts: list[Verdict]) -> dict[str, int]:
    valid = [verdict for verdict in verdicts if verdict.is_valid]
    invalid = [verdict for verdict in verdicts if not verdict.is_valid]
    return {
        "valid_total": len(valid),
        "valid_accepted": sum(verdict.as_it_should_be for verdict in valid),
        "invalid_total": len(invalid),
        "invalid_flagged": sum(verdict.as_it_should_be for verdict in invalid),
        "invalid_refused": sum(verdict.errors > 0 for verdict in invalid),
        "invalid_flagged_beyond_undeclared_names": sum(verdict.specific > 0 for verdict in invalid),
        "valid_without_any_specific_warning": sum(verdict.specific == 0 for verdict in valid),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--all", action="store_true", help="list every file, not only those that are judged wrongly")
    parser.add_argument("--packed", action="store_true", help="check compressed files too")
    arguments = parser.parse_args()
    verdicts = judge_corpus(arguments.directory, packed=arguments.packed)
    for verdict in verdicts:
        if arguments.all or not verdict.as_it_should_be or (not verdict.is_valid and not verdict.specific):
            mark = "ok   " if verdict.as_it_should_be else "WRONG"
            reason = verdict.first.text if verdict.first else "nothing found"
            kind = "valid  " if verdict.is_valid else "invalid"
            print(f"{mark} {kind} {verdict.path.relative_to(arguments.directory)}: {reason[:150]}")
    print(json.dumps(summary(verdicts)))


if __name__ == "__main__":
    main()
