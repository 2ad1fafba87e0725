"""Opens what the settings name: the database that they give, or else files in the data folder."""

from __future__ import annotations

from rag.errors import SettingsError
from rag.settings import Settings
from rag.store.database import Database, DatabaseFormat
from rag.store.documents import Library
from rag.store.fts5 import Fts5Index
from rag.store.job_store import FORMAT as JOBS_FORMAT
from rag.store.job_store import JobStore
from rag.store.library_schema import FORMAT as LIBRARY_FORMAT
from rag.store.sqlite import SqliteDatabase
from rag.store.vector_index import VectorIndex
from rag.store.vectors import VectorStore

JOBS_FILE = "jobs.sqlite3"


def open_database(settings: Settings, file: str, format: DatabaseFormat) -> Database:
    """The records of `format`: in the database of the settings, or else in a file of the data
    folder. Raises the error of `format`, and `SettingsError`."""
    if not settings.database_url:
        return SqliteDatabase.open(settings.data_dir / file, format)
    try:
        from rag.store.postgres import PostgresDatabase
    except ImportError as error:
        raise SettingsError(
            "The package for Postgres is not installed.",
            "Install it (`pip install 'footnote-qa[postgres]'`), or unset FOOTNOTE_DATABASE_URL.",
        ) from error
    return PostgresDatabase.open(settings.database_url.get_secret_value(), format)


def open_library(settings: Settings) -> Library:
    """The library of the settings. Raises `LibraryError`, `SettingsError`."""
    database = open_database(settings, settings.library_path.name, LIBRARY_FORMAT)
    if isinstance(database, SqliteDatabase):
        return Library(database, Fts5Index(database))
    from rag.store.postgres_words import PostgresWordIndex

    return Library(database, PostgresWordIndex(database))


def open_vectors(settings: Settings, library: Library, embedder_name: str) -> VectorIndex:
    """The vectors of the settings' library, made with the embedder of that name."""
    if not settings.database_url:
        return VectorStore.open(settings.data_dir / "vectors", embedder_name, library)
    from rag.store.postgres import PostgresDatabase
    from rag.store.postgres_vectors import PostgresVectors

    assert isinstance(library.database, PostgresDatabase)
    return PostgresVectors(library.database, embedder_name)


def open_jobs(settings: Settings) -> JobStore:
    """The queue of indexing of the settings. Raises `LibraryError`, `SettingsError`."""
    return JobStore(open_database(settings, JOBS_FILE, JOBS_FORMAT))
