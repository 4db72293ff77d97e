"""The lane loop: wake, load, think, commit. Read `loop.py` first.

Comes in: new events, due timers, launches. Goes out: enrollments, decisions, approved messages, counts, in one
transaction a batch. Never sends anything, never decides anything: it asks `journeys` and `decisions`.
"""
