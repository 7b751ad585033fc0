"""The rooms, as far as they need no server."""
