"""How much the tool costs, measured against a plain example and against floors: ``python -m tests.bench``."""
