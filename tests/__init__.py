"""The tests: rules by themselves, databases and pages together, whole journeys, other people's bad input."""
