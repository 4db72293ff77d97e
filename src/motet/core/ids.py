"""Identifiers, made here and never by a sequence.

Everything that belongs to a customer carries the last four bytes of the customer's id, so the lane of
an enrollment or a message is read off its own id. A message id is its enrollment's id with the step
visit and the channel written into spare bits: the same cause always gives the same id, which is what
makes a repeated commit change nothing.

Layout (RFC 9562 UUIDv7): 48 bits milliseconds, 4 version, 12 `rand_a` (the visit), 2 variant,
4 bits channel, 26 bits seed, 32 bits tail.
"""

from __future__ import annotations

import hashlib
import os
from uuid import UUID

MAX_VISIT = 4095
_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_TAIL = 0xFFFFFFFF
_SEED_BITS = 26
_SEED_MASK = (1 << _SEED_BITS) - 1


def uuid7(ms: int) -> UUID:
    """A UUIDv7 for the moment `ms` (milliseconds since 1970) with 74 random bits."""
    rand = int.from_bytes(os.urandom(10), "big")
    rand_a = (rand >> 62) & 0xFFF
    rand_b = rand & ((1 << 62) - 1)
    return UUID(int=(ms & 0xFFFFFFFFFFFF) << 80 | _VERSION | rand_a << 64 | _VARIANT | rand_b)


def uuid7_floor(ms: int) -> UUID:
    """The smallest UUIDv7 of the moment `ms`: a bound for ranges and partitions."""
    return UUID(int=(max(ms, 0) & 0xFFFFFFFFFFFF) << 80)


def ms_of(id: UUID) -> int:
    """The milliseconds since 1970 that a UUIDv7 carries."""
    return id.int >> 80


def lane_of(id: UUID, lanes: int) -> int:
    """The lane of a customer, or of anything whose id carries a customer's tail."""
    return (id.int & _TAIL) % lanes


def lane_of_text(value: str, lanes: int) -> int:
    """The lane of an identifier (an external id, an address) in the identifier table."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=4).digest(), "big") % lanes


def derive_enrollment_id(customer_id: UUID, program_id: UUID, cause: UUID, ms: int) -> UUID:
    """The id of the enrollment that `cause` (an event or a launch) starts at `ms`.

    The same customer, program, cause and moment give the same id.
    """
    digest = hashlib.blake2b(customer_id.bytes + program_id.bytes + cause.bytes, digest_size=4).digest()
    seed = int.from_bytes(digest, "big") & _SEED_MASK
    tail = customer_id.int & _TAIL
    return UUID(int=(ms & 0xFFFFFFFFFFFF) << 80 | _VERSION | _VARIANT | seed << 32 | tail)


def derive_message_id(enrollment_id: UUID, visit: int, channel: int) -> UUID:
    """The id of the message of one step visit on one channel.

    Raises ValueError when `visit` is not in 0..4095 or `channel` not in 1..15.
    """
    if not 0 <= visit <= MAX_VISIT or not 1 <= channel <= 15:
        raise ValueError(f"visit {visit} or channel {channel} is out of range")
    return UUID(int=enrollment_id.int | visit << 64 | channel << 58)


def derive_event_id(enrollment_id: UUID, visit: int, place: int, ms: int) -> UUID:
    """The id of the event that one visit of a step emits at `ms`; `place` (0..4095) orders those of one moment."""
    digest = hashlib.blake2b(enrollment_id.bytes + visit.to_bytes(4, "big"), digest_size=8).digest()
    rest = int.from_bytes(digest, "big") & ((1 << 62) - 1)
    return UUID(int=(ms & 0xFFFFFFFFFFFF) << 80 | _VERSION | (place & 0xFFF) << 64 | _VARIANT | rest)


def enrollment_of(message_id: UUID) -> UUID:
    """The enrollment that a message belongs to."""
    return UUID(int=message_id.int & ~(0xFFF << 64 | 0xF << 58))


def visit_of(message_id: UUID) -> int:
    """The step visit that a message speaks for."""
    return (message_id.int >> 64) & 0xFFF


def channel_of(message_id: UUID) -> int:
    """The number of the channel that a message goes by; 0 for an id that is no message's."""
    return (message_id.int >> 58) & 0xF
