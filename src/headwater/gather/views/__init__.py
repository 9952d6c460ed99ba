"""Pages of gather: sources, documents, needs."""
