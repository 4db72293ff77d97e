"""A customer as every part of Motet sees one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device that takes push messages."""

    token: str
    platform: str = "fcm"  # fcm | apns | web


class Suppression(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address that must not be used again, and why."""

    address: str
    reason: str  # bounced | complaint | manual
    at: datetime | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unified profile. Maps are keyed by the channel's word (`email`, `sms`, ...)."""

    id: UUID
    external_id: str
    email: str | None = None
    phone: str | None = None  # E.164
    devices: tuple[Device, ...] = ()
    handles: dict[str, str] = {}  # social network -> handle
    attributes: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()  # names of the live segments that hold this customer
    topics: dict[str, bool] = {}  # topic -> subscribed
    lifecycle_stage: str = "prospect"
    timezone: str | None = None  # IANA name
    locale: str | None = None  # BCP 47
    preferences: dict[str, bool] = {}  # channel -> wanted; absent means wanted
    caps: dict[str, int] = {}  # channel -> messages a day
    consents: dict[str, bool] = {}  # channel -> False after an unsubscribe
    suppressions: dict[str, Suppression] = {}
    last_interaction_at: datetime | None = None
    last_purchase_at: datetime | None = None
    created_at: datetime | None = None
