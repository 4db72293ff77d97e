"""Documents in, validated programs out. Read `campaign.py` first.

Comes in: a campaign as its author wrote it (YAML, JSON, or a dict from the API). Goes out: every problem with its place
and its fix, or one immutable Program; and campaigns kept in the database (`store.py`). Never sends, never decides.
"""
