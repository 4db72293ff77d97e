"""From an approved message to the provider's answer. Read `pipeline.py` first.

Comes in: approved messages. Goes out: calls to providers, and what they said, written down. Never decides whether to
speak, except for one last look at what may have changed since.
"""
