"""The JSON API under /api, a file for each subject. `app.py` puts them together.

Comes in: requests that passed the gate. Goes out: the structs of `analytics` and `authoring`, as JSON.
"""
