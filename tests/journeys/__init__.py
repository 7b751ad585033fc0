"""Whole journeys through the front door."""
