"""Motet: customer engagement over seven channels from one engine."""

__version__ = "0.1.0"
