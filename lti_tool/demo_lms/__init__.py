"""A small learning management system of its own: the other side of every LTI message, for the demo and for tests."""
