"""Rules by themselves: no database, no server."""
