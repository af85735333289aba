"""Canonical records to the partial frame: filter, aggregate, execute."""
