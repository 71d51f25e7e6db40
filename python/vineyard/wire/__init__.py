"""The wire protocol: frames, connections, memory files and the identifiers in them."""
