"""Headwater: what is known reaches the people it concerns, with proof."""

__version__ = "0.1.0"
