"""Writes of objects, from the body of a request to the stored version."""
