"""The evidence: fourteen collections of passages, the embedder, the Milvus store, documents and hybrid search."""
