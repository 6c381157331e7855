"""Clinical PDF documents: read, described, cut into passages, and shown with the passage marked.

Nothing here parses a PDF in the process of the product: `reading.DocumentReader` hands each file to a child process that
can be killed (`worker`). This package file stays free of imports, because the child starts through it.
"""
