"""A real browser with third-party cookies blocked, as most librarians have it."""
