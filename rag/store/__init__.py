"""The index on disk: documents and their full text in SQLite, vectors in Chroma.

Start at `documents.Library` and `vectors.VectorStore`; `relocation` finds quotes again.
"""
