"""Measures `/analyze` of a full profile over real HTTP on loopback: `python -m benchmarks.analysis`.

The profile has all thirteen diseases, 25 antibodies, two-field HLA, 40 laboratory values and 12 drugs. The client reads the
whole body of each answer. `python_loop_ms` tells how busy the machine was. Prints a table; the last line is one JSON object.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from api.application import create_api
from services.clinical.analysis import analyse, warm_up
from services.clinical.antibodies import antibodies
from services.clinical.disease import Disease
from services.clinical.labs import analytes
from services.clinical.profile import Profile
from services.preparation import settle
from services.settings import Settings

REQUESTS = 100
TARGET_P50_MS = 20.0
_HLA = {
    "hla_a": ["A*02:01", "A*01:01"], "hla_b": ["B*27:05", "B*58:01"], "hla_c": ["C*06:02", "C*07:01"],
    "hla_drb1": ["DRB1*03:01", "DRB1*15:01"], "hla_dqb1": ["DQB1*02:01", "DQB1*06:02"],
}  # fmt: skip
_DRUGS = [
    "methotrexate 15 mg weekly", "adalimumab 40 mg q2w", "prednisone 10 mg", "hydroxychloroquine 400 mg", "levothyroxine 75 mcg",
    "insulin glargine 20 units", "pyridostigmine 60 mg tid", "omeprazole 20 mg", "allopurinol 300 mg", "azathioprine 100 mg",
    "ibuprofen 400 mg", "ramipril 5 mg",
]  # fmt: skip
_EXAMPLE = {
    "patient_id": "DPA-2019-33102", "age": 45, "sex": "M", "hla_profile": {"hla_b": ["B*27:05"]},
    "biomarkers": {"CRP": 28.5, "ESR": 48}, "diagnosed_conditions": ["ankylosing_spondylitis"],
    "current_medications": ["naproxen", "physical therapy"], "symptom_duration_months": 72,
}  # fmt: skip


def full_profile() -> dict[str, Any]:
    """Return the profile of the measurement, as a client would send it."""
    usual = [one for one in analytes().values() if one.typical_limits("F") is not None and not one.assay][:40]
    labs = {one.key: {"value": _raised(one.typical_limits("F")), "unit": one.unit, "date": "2026-01-05"} for one in usual}
    results = [
        {"antibody": one.name, "value": 50 if position % 2 == 0 else 5, "unit": "U/mL", "reference_range": "<20"}
        for position, one in enumerate(list(antibodies().values())[:25])
    ]
    return {
        "patient_id": "full", "age": 45, "sex": "F", "diagnosed_conditions": [one.value for one in Disease],
        "autoantibody_panel": {"patient_id": "full", "collection_date": "2026-01-05", "results": results},
        "hla_profile": _HLA, "biomarkers": labs, "genotypes": {"TPMT": "*1/*3A", "NUDT15": "*1/*1"},
        "current_medications": _DRUGS, "family_history": ["mother: Hashimoto thyroiditis"],
        "extensions": {"symptoms": ["malar rash", "arthralgia", "proteinuria"], "comorbidities": ["hypertension"]},
    }  # fmt: skip


def _raised(limits: tuple[float | None, float | None] | None) -> float:
    low, high = limits or (None, None)
    return (high if high is not None else (low or 1.0)) * 1.2


@contextmanager
def serving() -> Iterator[int]:
    """Serve the API on a free loopback port; yields the port."""
    settings = Settings(rate_limit_per_minute=1_000_000)
    # with the protocol named, so that asyncio turns Nagle's delay off as it does for a port it opens itself
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_api(settings, lambda: None), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def run() -> dict[str, Any]:
    """Return times in milliseconds and the size of the answer."""
    started = time.perf_counter()
    warm_up()
    warm_ms = (time.perf_counter() - started) * 1000
    profile = full_profile()
    read = Profile.model_validate(profile)
    settle()  # as the program does once it is ready
    measured: dict[str, Any] = {"warm_up_ms": round(warm_ms, 1), "engine_p50_ms": _median(lambda: analyse(read))[0]}
    with serving() as port:
        for name, path, body in (
            ("analyze_full", "/analyze", profile),
            ("analyze_example", "/analyze", _EXAMPLE),
            ("differential", "/differential", {"positive_antibodies": ["ANA", "anti-dsDNA"], "symptoms": ["malar rash"]}),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            sent = json.dumps(body).encode()
            size = len(_post(connection, path, sent))
            p50, p95 = _median(lambda connection=connection, path=path, sent=sent: _post(connection, path, sent))  # type: ignore[misc]  # mypy cannot type a default in a lambda
            measured |= {f"{name}_p50_ms": p50, f"{name}_p95_ms": p95, f"{name}_bytes": size}
            connection.close()
    measured["target_p50_ms"] = TARGET_P50_MS
    measured["python_loop_ms"] = _loop_ms()
    return measured


def _loop_ms() -> float:
    """Return the time of two million additions in plain Python: compare runs, and machines, by it."""
    started = time.process_time()
    total = 0
    for number in range(2_000_000):
        total += number
    return round((time.process_time() - started) * 1000, 1)


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path} answered {response.status}: {answer[:300]!r}")
    return answer


def _median(action: Callable[[], object]) -> tuple[float, float]:
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(times), 2), round(statistics.quantiles(times, n=20)[18], 2)


def main() -> None:
    """Print the table and the JSON line."""
    measured = run()
    for name, value in measured.items():
        print(f"{name:28} {value}")
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
