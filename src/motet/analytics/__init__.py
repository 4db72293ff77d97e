"""Reports: what was sent and what it brought, one customer's story, and why.

Comes in: rows of named queries (`storage/queries/analytics.sql`) and `now`. Goes out: frozen reports, as the API
writes them. Reading and shaping are apart: shaping is pure. It never writes.
"""
