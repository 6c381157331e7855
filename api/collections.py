"""The fourteen collections: counted and created."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.dependencies import Administrator, UsesServices

router = APIRouter(prefix="/collections", tags=["collections"])


@router.get("")
def list_collections(services: UsesServices) -> dict[str, Any]:
    """Names and row counts, in alphabetical order."""
    existing = sorted((status for status in services.store.statuses() if status.exists), key=lambda one: one.collection.name)
    rows = [{"name": status.collection.name, "count": status.rows} for status in existing]
    return {"collections": rows, "total_collections": len(rows), "total_vectors": sum(status.rows for status in existing)}


@router.post("/create")
def create_collections(services: UsesServices, _caller: Administrator, drop_existing: bool = False) -> dict[str, Any]:
    """Create the missing collections, or all anew; rows come back from the record, nothing is lost. Administrators only."""
    created = services.index.create_collections(drop_existing=drop_existing)
    return {"status": "success", "collections_created": list(created), "count": len(created)}
