"""Leading Edge: an LTI 1.3 tool for a leadership series for school librarians."""

__version__ = "0.1.0"
