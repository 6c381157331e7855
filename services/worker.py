"""The background work without serving: migrate the database, create the collections, index what is new, then run jobs.

For deployments in which several dashboards share a Milvus server and a PostgreSQL database: start it after an update, before
they start, and leave it running. The embedded evidence store has one owner, so this refuses to run beside a dashboard that uses
it. With SQLite the dashboard runs the jobs itself; then this says so and ends after the preparation.
"""

from __future__ import annotations

import signal
import sys
import threading
import time

from services.container import Services, build_services
from services.errors import ParatopeError
from services.settings import load_settings

_POLL_SECONDS = 1.0


def main() -> int:
    """Prepare, then run jobs until told to end. Returns the exit status: 0 when everything went well."""
    try:
        services = build_services(load_settings())
    except ParatopeError as error:
        sys.stderr.write(f"the worker cannot start: {error.message}\n")
        return 2
    try:
        status = _prepare(services)
        return status or _run_jobs(services)
    finally:
        services.close()


def _prepare(services: Services) -> int:
    services.preparation.start()
    said = ""
    while not (status := services.preparation.status).done and status.failure is None:
        if status.stage != said:
            said = status.stage
            sys.stderr.write(f"{said} ...\n")
        time.sleep(_POLL_SECONDS)
    sys.stderr.write(f"{'ready' if status.done else status.failure}\n")
    return 0 if status.done else 1


def _run_jobs(services: Services) -> int:
    settings = services.settings
    if not settings.shares_database:
        sys.stderr.write("jobs are run by the dashboard: with SQLite it is the only process that may (see AUTO_DATABASE_URL)\n")
        return 0
    if settings.job_workers == 0:
        sys.stderr.write("AUTO_JOB_WORKERS is 0, so this worker has nothing to run: set it to 1 or more\n")
        return 2
    told_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: told_to_end.set())
    try:
        services.jobs.start()
    except ParatopeError as error:
        sys.stderr.write(f"jobs cannot be run: {error.message}\n")
        return 1
    sys.stderr.write(f"running up to {settings.job_workers} jobs at a time; end with Ctrl-C\n")
    told_to_end.wait()
    sys.stderr.write("ending; what runs goes back to the queue\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
