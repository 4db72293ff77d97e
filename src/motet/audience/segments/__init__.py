"""Segments, computed traits, lifecycle stages: rules over customers, kept true as events arrive. Read `book.py` first.

Comes in: documents (`documents.py`), a customer's view and tallies. Goes out: who is in what now (`evaluate.py`, pure),
and what must be counted for it (`builds.py`). Never moves a customer itself: the engine does, in its own transaction.
"""
