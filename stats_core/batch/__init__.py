"""Many files, kept parts of an answer, and a cluster."""
