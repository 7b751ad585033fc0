"""What is taught: reading a series and judging it."""
