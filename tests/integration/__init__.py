"""Parts together, on both databases."""
