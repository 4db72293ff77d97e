"""The outside: a file per provider, found through `registry`. Read `base.py` first, then ADDING_A_PROVIDER.md.

Comes in: finished content for one customer (`core.messages.Outgoing`). Goes out: what the provider said of it.
Never decides whether, when or what to say; never reads the environment or the ledger.
"""
