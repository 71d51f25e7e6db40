"""Objects in memory with one revision counter and their history."""
