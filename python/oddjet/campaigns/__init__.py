"""Scans, injections and pseudo-experiments: graphs of tasks, here or on a cluster."""

from __future__ import annotations
