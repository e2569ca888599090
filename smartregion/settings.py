"""Every setting of the service in one place; read from environment variables ``SMARTREGION_<NAME>``.

The command line or the caller makes a settings object and passes it on; no module reads it at import time. Relative
paths are resolved against the working directory once, when the object is made.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings with their defaults; ``docs/settings.md`` explains each one for operators."""

    model_config = SettingsConfigDict(env_prefix="SMARTREGION_", env_ignore_empty=True, validate_default=True)

    base: str = Field("http://localhost:8000/", description="Base IRI: every published IRI begins with it.")
    data: Path = Field(Path("data"), description="Directory of the source records and catalogue.ttl.")
    var: Path = Field(Path("var"), description="Directory of the releases.")
    boundaries: Path | None = Field(None, description="Official boundaries of the districts for the maps, GeoJSON.")
    page_size: int = Field(100, ge=1, description="Datasets on a page of the catalogue.")
    shrink_percent: float = Field(
        20, ge=0, le=100, description="Share of datasets or records that a new release may drop, in percent."
    )
    reference_validation: bool = Field(False, description="Validate records with pyshacl alone, without the fast path.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    proxies: int = Field(0, ge=0, description="Reverse proxies in front, each of which adds to X-Forwarded-For.")
    engine: str = Field("", description="Query URL of a SPARQL 1.1 server to ask instead of the release's own store.")
    workers: int = Field(2, ge=1, le=64, description="Server processes.")
    query_workers: int = Field(2, ge=1, le=64, description="Long queries at a time per server process.")
    query_seconds: float = Field(20.0, gt=0, description="Wall-clock limit of one query, in seconds.")
    query_megabytes: int = Field(2048, ge=256, description="Memory limit of one query process, in MiB.")
    result_megabytes: int = Field(64, ge=1, description="Largest query result, in MiB.")
    query_length: int = Field(100_000, ge=1000, description="Longest query text, in characters.")
    query_depth: int = Field(64, ge=8, le=1000, description="Deepest nesting of brackets in a query.")
    query_queue: int = Field(32, ge=1, description="Queries that may wait per server process; more are refused.")
    cache_megabytes: int = Field(256, ge=0, description="Room on disk for kept query answers, in MiB; 0 keeps none.")
    warm_megabytes: int = Field(32, ge=0, description="Room in memory for kept answers per server process, in MiB.")
    memory_triples: int = Field(1_000_000, ge=0, description="Releases of up to so many triples are queried in memory.")
    services: str = Field("", description="Addresses that SERVICE may name, separated by spaces.")
    upload_megabytes: int = Field(10, ge=1, le=1024, description="Largest file that is checked, in MiB.")
    upload_rows: int = Field(20_000, ge=1, description="Most rows with content in a sheet of it.")
    upload_cells: int = Field(1_000_000, ge=1, description="Most cells of a sheet of it.")
    check_seconds: float = Field(60.0, gt=0, description="Wall-clock limit of one check, in seconds.")
    check_megabytes: int = Field(1024, ge=256, description="Memory limit of one check, in MiB.")
    check_workers: int = Field(2, ge=1, le=64, description="Checks at a time per server process.")
    check_queue: int = Field(8, ge=0, description="Checks that may wait per server process; more are refused.")
    links: bool = Field(True, description="Whether files to check are fetched from links.")
    legal: Path | None = Field(None, description="Directory of the operator's legal texts in Markdown.")
    log_queries: bool = Field(False, description="Write the text of each query to the log.")

    @field_validator("base")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or any(c in value for c in ' <>"{}|\\^`?#'):
            raise ValueError("must be an absolute http(s) address without query and fragment")
        return value if value.endswith("/") else value + "/"

    @field_validator("data", "var", "boundaries", "legal")
    @classmethod
    def _from_here(cls, value: Path | None) -> Path | None:
        return value.absolute() if value else None
