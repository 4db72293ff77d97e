"""HTTP, and only HTTP: the API, the links, provider callbacks, the in-app inbox, live streams and the screens.

Comes in: requests, and `Services` (what the house lends). Goes out: answers; facts handed to `ingest`. It decides
nothing: start reading at `app.py`, which sends each path to its door.
"""
