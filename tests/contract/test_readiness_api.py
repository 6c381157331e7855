"""What searches say before the evidence is ready, for a collection that is gone, and for a patient there is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.access.principals import LOCAL_USER
from services.container import Services, build_services
from services.errors import StoreUnavailableError
from services.settings import Settings

LABS = "autoimmune_patient_labs"


def test_before_the_preparation_a_search_is_refused_and_health_is_degraded(
    serve: Callable[..., httpx.Client], tmp_path: Path
) -> None:
    own = build_services(Settings(data_dir=tmp_path, demo_data=False))
    try:
        client = serve(own)
        refused = client.post("/search", json={"question": "C3"})
        assert refused.status_code == 503
        assert "still being prepared" in refused.json()["detail"]
        assert client.get("/health").json()["status"] == "degraded"
        own.preparation.start()
        assert own.preparation.wait(300).done
        assert client.post("/search", json={"question": "C3"}).json()["total"] > 0
        assert client.get("/health").json()["status"] == "healthy"

        own.index.drop(LABS)
        with pytest.raises(StoreUnavailableError, match=f"collection {LABS} does not exist: create it on the Collections page"):
            own.search.search("C3", access=LOCAL_USER)
        assert not next(one for one in own.store.statuses() if one.collection.name == LABS).exists
        own.index.create_collections()
        assert own.search.search("C3", access=LOCAL_USER).hits
        assert all(one.exists for one in own.store.statuses())
    finally:
        own.close()


@pytest.mark.parametrize("path", ["/search", "/query", "/query/stream"])
def test_a_patient_there_is_not_is_404_and_not_an_empty_result(api: httpx.Client, services: Services, path: str) -> None:
    response = api.post(path, json={"question": "C3", "patient_id": "nobody-here"})
    assert response.status_code == 404
    assert "no such patient" in response.json()["detail"]
