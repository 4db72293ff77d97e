"""PostgreSQL and nothing else: the embedded server, the pool, migrations, named queries, lanes.

Comes in: a database address. Goes out: connections and rows. Never decides anything.
"""
