"""What the tests stand on: a node with real stores, a real driver, and mounts nobody else sees."""
