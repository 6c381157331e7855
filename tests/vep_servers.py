"""A service that answers as Ensembl's REST service is documented to, and a program that behaves like `vep`."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class VepServer:
    """What it got, and how it answers. `answers` are statuses for the next questions about variants, then it answers all."""

    url: str = ""
    assembly: str = "GRCh38"
    release: Any = 116
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    leaves_out: set[int] = field(default_factory=set)
    """Positions that it says nothing of."""
    refuses: set[int] = field(default_factory=set)
    """Positions for which it refuses the whole question with 400."""
    body: bytes | None = None
    """What it says instead of an answer."""
    pause: float = 0.0
    on_batch: Callable[[], None] = lambda: None
    questions: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path, headers and body of every question, those without variants too."""

    @property
    def batches(self) -> list[list[str]]:
        """The variants of each question that had some."""
        return [json.loads(body)["variants"] for path, _, body in self.questions if path == "/vep/homo_sapiens/region"]


def consequence(text: str, assembly: str) -> dict[str, Any]:
    """Answer for one variant: a missense change on a MANE transcript, and another transcript before it."""
    chrom, pos, _, ref, alt = text.split()[:5]
    own = {"variant_allele": alt, "gene_symbol": f"GENE{chrom}", "gene_id": "ENSG1", "strand": 1, "biotype": "protein_coding"}
    return {
        "input": text, "id": f"{chrom}_{pos}_{ref}/{alt}", "assembly_name": assembly, "seq_region_name": chrom, "start": int(pos),
        "end": int(pos), "strand": 1, "allele_string": f"{ref}/{alt}", "most_severe_consequence": "missense_variant",
        "transcript_consequences": [
            {**own, "transcript_id": "ENST9", "consequence_terms": ["intron_variant"], "impact": "MODIFIER"},
            {**own, "transcript_id": "ENST1", "consequence_terms": ["missense_variant", "splice_region_variant"],
             "impact": "MODERATE", "hgvsc": f"ENST1.2:c.{pos}{ref}>{alt}", "hgvsp": "ENSP1.2:p.Ala2=", "canonical": 1,
             "mane_select": "NM_1.2"},
        ],
    }  # fmt: skip


@contextlib.contextmanager
def serving_vep() -> Iterator[VepServer]:
    """Serve on the loopback until the end of the block."""
    state = VepServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.questions.append((self.path, dict(self.headers), b""))
            known = {
                "/info/assembly/homo_sapiens": {"assembly_name": f"{state.assembly}.p14"},
                "/info/software": {"release": state.release},
            }
            content = known.get(self.path)
            self._say(200 if content else 404, json.dumps(content or {"error": "page not found"}).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.questions.append((self.path, dict(self.headers), body))
            state.on_batch()
            time.sleep(state.pause)
            if state.answers:
                status, headers = state.answers.pop(0)
                if status != 200:
                    self._say(status, json.dumps({"error": f"status {status}"}).encode(), headers)
                    return
            if state.body is not None:
                self._say(200, state.body)
                return
            variants = json.loads(body)["variants"]
            places = {int(text.split()[1]) for text in variants}
            if len(variants) > 200 or places & state.refuses:
                self._say(400, json.dumps({"error": "Cannot use this allele"}).encode())
                return
            answers = [consequence(text, state.assembly) for text in reversed(variants)]
            said = [one for one in answers if one["start"] not in state.leaves_out]
            self._say(200, json.dumps(said).encode())

        def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            with contextlib.suppress(OSError):  # the client went away, as it may
                self.send_response(status)
                own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                for name, value in (own | (headers or {})).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join(10)


_PROGRAM = '''#!{python}
import json, os, pathlib, sys, time
given = sys.argv[1:]
pathlib.Path({log!r}).write_text(json.dumps({{"arguments": given, "environment": dict(os.environ)}}))
flags = ("--offline", "--cache", "--vcf", "--no_stats", "--force_overwrite", "--symbol", "--biotype", "--canonical", "--mane",
         "--allele_number", "--flag_pick", "--hgvs")
valued = ("--species", "--assembly", "--dir_cache", "--format", "--input_file", "--output_file", "--buffer_size", "--fasta")
options = {{}}
while given:
    name = given.pop(0)
    if name in flags:
        options[name] = True
    elif name in valued:
        options[name] = given.pop(0)
    else:
        sys.exit("Unknown option: " + name)
if not {{"--offline", "--cache", "--vcf", "--no_stats"}} <= set(options) or ("--hgvs" in options) != ("--fasta" in options):
    sys.exit("ERROR: Cannot generate HGVS coordinates in offline mode without a FASTA file")
if {fails!r}:
    print("-------------------- EXCEPTION --------------------")
    print("MSG: ERROR: " + {fails!r})
    sys.exit(2)
time.sleep({pause!r})
assert options["--format"] == "vcf" and options["--species"] == "homo_sapiens"
assert not {has_cache!r} or pathlib.Path(options["--dir_cache"]).is_dir()
fields = "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|HGVSc|HGVSp|ALLELE_NUM|PICK|CANONICAL|MANE_SELECT"
with open(options["--input_file"]) as asked, open(options["--output_file"], "w") as out:
    for line in asked:
        if line.startswith("##"):
            out.write(line)
            continue
        if line.startswith("#"):
            out.write('##VEP="v116" API="v116" time="2026-11-01" cache="/data/vep/homo_sapiens/116_{build}"\\n')
            out.write('##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
                      + fields + '">\\n')
            out.write(line)
            continue
        chrom, pos, name, ref, alt, *rest = line.rstrip("\\n").split("\\t")
        assert len(rest) == 3, "only places and alleles are given"
        short = alt[1:] or "-" if len(ref) != len(alt) else alt
        first = "|".join([short, "intron_variant", "MODIFIER", "GENE" + chrom, "ENSG1", "Transcript", "ENST9", "lncRNA", "", "",
                          "1", "", "", ""])
        second = "|".join([short, "missense_variant&splice_region_variant", "MODERATE", "GENE" + chrom, "ENSG1", "Transcript",
                           "ENST1", "protein_coding", "ENST1.2:c." + pos + ref + ">" + alt, "ENSP1.2:p.Ala2%3D", "1", "1", "YES",
                           "NM_1.2"])
        if pos != {skipped!r}:
            out.write("\\t".join([chrom, pos, name, ref, alt, ".", ".", "CSQ=" + first + "," + second]) + "\\n")
'''


@dataclass(frozen=True)
class VepProgram:
    """A stand-in for `vep`, and what it was called with."""

    path: Path
    log: Path

    @property
    def call(self) -> dict[str, Any]:
        called: dict[str, Any] = json.loads(self.log.read_text())
        return called


def vep_program(
    folder: Path, *, fails: str = "", build: str = "GRCh38", skipped: int = 0, has_cache: bool = True, pause: float = 0.0
) -> VepProgram:
    """Write a program that checks its options as `vep` does and writes what `vep --vcf` writes."""
    made = VepProgram(folder / "vep", folder / "called.json")
    made.path.write_text(_PROGRAM.format(
        python=sys.executable, log=str(made.log), fails=fails, build=build, skipped=str(skipped), has_cache=has_cache, pause=pause
    ))  # fmt: skip
    made.path.chmod(0o755)
    return made
