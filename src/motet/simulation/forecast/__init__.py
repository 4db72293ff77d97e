"""What a campaign or a journey would do. Read `life.py` first.

Comes in: a document, people (made up by a seed, or read from the database) and how they answer. Goes out: a Report.
The engine's own `think` runs on a clock of its own, one customer after the other. Nothing is written, nothing is sent.
"""
