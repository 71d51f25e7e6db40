"""Version of the package, and of the client whose interface it follows."""

__version__ = "0.25.0"

COMPATIBLE_VERSION = "0.24.2"
"""Version that the package names at registration: the last release of the original client."""
