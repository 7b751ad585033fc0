"""What is taught: the schema of a series, its loader, and the series that ships with the tool."""
