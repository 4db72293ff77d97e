"""The arbiter, pure: whether, when and how to speak. Read `pipeline.py` first.

Comes in: an intent and facts. Goes out: send, hold or drop, with reasons. Never does I/O, never reads a clock.
"""
