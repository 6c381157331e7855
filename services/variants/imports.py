"""Import a variant file into a folder: a sorted Parquet table, its manifest, and the rejected lines if there are any.

    report = import_file(path, folder, ImportOptions())
    if report.status is Status.REFUSED: show(report.refusal.text)

The folder appears only when everything in it is complete: the import works in a hidden folder beside it and renames that at the
end. A refused or stopped import leaves nothing behind.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from services.errors import ConflictError, NotFoundError
from services.genomics.genome import canonical_chromosome
from services.variants.delimited.importing import DelimitedImport
from services.variants.manifest import (
    FORMAT_VERSION,
    REJECTED_FILE,
    TABLE_FILE,
    column_entries,
    problem_summary,
    sha256_of,
    versions,
    write_manifest,
)
from services.variants.outcome import ImportOptions, ImportReport, Mode, Progress, ShouldStop, Status
from services.variants.problems import ProblemLog, UnusableFileError
from services.variants.reading import Packing, decompressed, packing_of
from services.variants.vcf.importing import StoppedError, VcfImport

__all__ = ["ImportOptions", "ImportReport", "Mode", "Status", "check_file", "import_file"]


def import_file(
    path: Path,
    destination: Path,
    options: ImportOptions | None = None,
    on_progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> ImportReport:
    """Import `path` into the new folder `destination`.

    VCF and BCF are recognised by content, everything else is read as CSV or TSV. Returns a report whatever the file holds; raises
    NotFoundError where there is no file, ConflictError where the destination exists, InvalidInputError for impossible options.
    """
    options = options or ImportOptions()
    # Arrow's default allocator gives memory back within milliseconds and fetches it anew for the next block: 5 % more time
    pa.set_memory_pool(pa.system_memory_pool())
    if not path.is_file():
        raise NotFoundError("the file to import does not exist")
    if destination.exists():
        raise ConflictError("there is already a table in this place")
    started = time.perf_counter()
    scratch = destination.parent / f".{destination.name}.{uuid4().hex}"
    scratch.mkdir(parents=True)
    log = ProblemLog()
    run: VcfImport | DelimitedImport | None = None
    try:
        with ThreadPoolExecutor(1) as pool:
            digest = pool.submit(sha256_of, path)
            run = _runner(path, options, log)
            run.run(scratch / TABLE_FILE, scratch / REJECTED_FILE, on_progress or _silent, should_stop or _go_on)
            manifest = _manifest(run, path, options, digest.result())
        if run.counts.read != run.counts.imported + run.counts.rejected:
            raise AssertionError("records were lost")
        write_manifest(scratch, manifest)
        scratch.rename(destination)
    except UnusableFileError as refused:
        if refused.problem not in log.kept:
            log.add(refused.problem)
        return _report(Status.REFUSED, run, log, started, refusal=refused.problem)
    except StoppedError:
        return _report(Status.STOPPED, run, log, started)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _report(Status.IMPORTED, run, log, started, folder=destination, manifest=manifest)


def check_file(path: Path, options: ImportOptions | None = None) -> ImportReport:
    """Check `path` as an import would, without writing a table. The status is `imported` where it could be imported.

    In lenient mode the whole file is checked; in strict mode the first error ends it.
    """
    options = options or ImportOptions(mode=Mode.LENIENT)
    started = time.perf_counter()
    log = ProblemLog()
    run: VcfImport | DelimitedImport | None = None
    try:
        run = _runner(path, options, log)
        run.run(None, None, _silent, _go_on)
    except UnusableFileError as refused:
        if refused.problem not in log.kept:
            log.add(refused.problem)
        return _report(Status.REFUSED, run, log, started, refusal=refused.problem)
    return _report(Status.IMPORTED, run, log, started)


def _silent(share: float, records: int) -> None:
    del share, records


def _go_on() -> bool:
    return False


def _runner(path: Path, options: ImportOptions, log: ProblemLog) -> VcfImport | DelimitedImport:
    if looks_like_vcf(path, options):
        return VcfImport(path, options, log)
    return DelimitedImport(path, options, log)


def looks_like_vcf(path: Path, options: ImportOptions | None = None) -> bool:
    """Tell by content, then by name, whether a file is VCF or BCF rather than a plain table."""
    options = options or ImportOptions()
    head = next(decompressed(path, options.limits), (b"", 0))[0][:4096]
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"##fileformat", b"#CHROM\t", b"BCF\x02")):
        return True
    name = (options.file_name or path.name).lower()
    return name.endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".bcf"))


def _manifest(run: VcfImport | DelimitedImport, path: Path, options: ImportOptions, digest: str) -> dict[str, Any]:
    packing = packing_of(path)
    return {
        "format_version": FORMAT_VERSION,
        "file": {
            "name": options.file_name or path.name,
            "bytes": path.stat().st_size,
            "sha256": digest,
            "format": run.format_name,
            "packing": "bcf" if isinstance(run, VcfImport) and run.is_bcf else str(packing if packing else Packing.PLAIN),
        },
        "build": {"name": str(run.build) if run.build else None, "evidence": list(run.build_evidence)},
        "mode": str(options.mode),
        "normalised": options.reference is not None,
        "was_sorted": run.is_sorted,
        "counts": {
            "records_read": run.counts.read,
            "records_imported": run.counts.imported,
            "records_rejected": run.counts.rejected,
            "rows": run.rows,
            "rows_moved_by_normalisation": run.counts.moved,
        },
        "samples": list(run.sample_names),
        "contigs": [{"name": name, "chromosome": canonical_chromosome(name)} for name in run.contig_names],
        "columns": column_entries(run.columns, run.numeric_text),
        "header": list(run.header_lines),
        "problems": problem_summary(run.log),
        "versions": versions(),
    }


def _report(
    status: Status,
    run: VcfImport | DelimitedImport | None,
    log: ProblemLog,
    started: float,
    **more: Any,
) -> ImportReport:
    manifest: Mapping[str, Any] = more.pop("manifest", {})
    return ImportReport(
        status=status,
        records_read=run.counts.read if run else 0,
        records_imported=run.counts.imported if run and status is Status.IMPORTED else 0,
        records_rejected=run.counts.rejected if run else 0,
        rows=run.rows if run and status is Status.IMPORTED else 0,
        problems=log,
        build=run.build if run else None,
        manifest=manifest,
        seconds=time.perf_counter() - started,
        **more,
    )
