"""What the tests stand on: databases, a clock that obeys, invented people, and a closed network."""
