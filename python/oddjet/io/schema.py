"""What oddjet writes into the metadata of its event files."""

from __future__ import annotations

METADATA_KEY = b"oddjet"

#: Version of the layout of the collections; readers refuse a newer one.
SCHEMA_VERSION = 1
