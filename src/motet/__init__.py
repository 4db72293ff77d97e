"""Motet: customer engagement over seven channels from one engine."""
