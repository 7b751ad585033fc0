"""The door, module by module."""
