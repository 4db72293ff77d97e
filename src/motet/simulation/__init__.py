"""A synthetic population and the demonstration: a small brand that lives on Motet, seen from outside.

Comes in: the addresses of the API and of the local outbox, and a seed. Goes out: real HTTP requests: customers,
events, and what people do with the messages that they find. It never touches the database.
"""
