"""Who the customers are: profiles, their identifiers, and what may be written into them.

Comes in: raw mappings and references. Goes out: `core.customers.Customer`, or problems that name field and fix.
Never decides whom to write to; that is `decisions`.
"""
