"""How two writers' objects become one: ownership of fields, server-side apply and the patch types."""
