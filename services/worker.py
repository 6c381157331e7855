"""The background work without serving: migrate the database, create the collections, index what is new, and end.

For deployments in which several dashboards share a Milvus server and a database: run it once after an update, before they
start. The embedded evidence store has one owner, so this refuses to run beside a dashboard that uses it.
"""

from __future__ import annotations

import sys
import time

from services.container import build_services
from services.errors import ParatopeError
from services.settings import load_settings

_POLL_SECONDS = 1.0


def main() -> int:
    """Run the preparation to its end. Returns the exit status: 0 when everything is ready."""
    try:
        services = build_services(load_settings())
    except ParatopeError as error:
        sys.stderr.write(f"the worker cannot start: {error.message}\n")
        return 2
    try:
        services.preparation.start()
        said = ""
        while not (status := services.preparation.status).done and status.failure is None:
            if status.stage != said:
                said = status.stage
                sys.stderr.write(f"{said} ...\n")
            time.sleep(_POLL_SECONDS)
        sys.stderr.write(f"{'ready' if status.done else status.failure}\n")
        return 0 if status.done else 1
    finally:
        services.close()


if __name__ == "__main__":
    sys.exit(main())
