"""Everything that arrives: events into the log, customers out of files and back into them.

Comes in: raw facts and files. Goes out: rows, committed in batches before anybody is told that they were taken.
Never decides what a fact means; that is the engine's.
"""
