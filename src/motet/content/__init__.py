"""Content, all pure: templates and a customer in, finished messages out. No I/O, no clock, no storage.

Read `render.py` first: `check_content` before launch, `compile_content` once per step
and channel, `render` per message.
"""
