"""The step machine, pure. Read `runner.py` first.

Comes in: a program, where a customer stands in it, facts and `now`. Goes out: where they stand next, and the
intents on the way. Never does I/O, never reads a clock, never decides whether a message may be sent.
"""
