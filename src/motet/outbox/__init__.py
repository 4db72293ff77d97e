"""The local outbox: it stands where the providers stand in development, and keeps what it receives.

Comes in: SMTP and provider-shaped HTTP, from the real provider code. Goes out: a list of messages as their receivers
would see them, a live stream of them, and signed delivery callbacks. It never sends anything to anybody.
"""
