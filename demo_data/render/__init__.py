"""Renders the demo records as PDF files: the same source gives the same bytes."""

from __future__ import annotations

from demo_data.render.files import render_all
from demo_data.render.layout import render_document

__all__ = ["render_all", "render_document"]
