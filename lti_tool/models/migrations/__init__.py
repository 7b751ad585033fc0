"""The history of the tables, one file for every step under ``versions/``."""
