"""What oddjet writes into its event files beside the events."""

from __future__ import annotations

METADATA_KEY = b"oddjet"

#: Version of the layout of the collections; readers refuse a newer one.
SCHEMA_VERSION = 1

#: Collections of the event model, as they begin the names of branches in ROOT files.
COLLECTIONS = (
    *("particles", "towers", "jets", "fat_jets", "leptons", "photons", "taus", "met"),
    *("weight", "weight_variations", "num_vertices", "id", "trigger", "filters"),
    "truth",
)

ROOT_TREE = "oddjet_events"
#: The title of the tree, or the description of the RNTuple, begins with it.
ROOT_METADATA_PREFIX = "oddjet "
#: A TTree holds no lists of lists: they are flat, with their lengths in this branch.
ROOT_NESTED_COUNT = "_counts"
