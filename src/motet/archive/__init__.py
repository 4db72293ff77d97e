"""The columnar log: events by day and customers by lane as Parquet, read by DuckDB together with what is newer.

Comes in: what is committed in PostgreSQL. Goes out: counts, lists and tallies over everybody. Never decides anything,
and never says that it covers what it does not. Read `relations.py` first, then `reader.py` and `keeper.py`.
"""
