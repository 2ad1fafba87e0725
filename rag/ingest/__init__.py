"""Reads files and web pages into documents, and indexes them.

Start at `pipeline.ingest`. `readers` reads files, `web` fetches pages, `chunking` divides
documents.
"""
