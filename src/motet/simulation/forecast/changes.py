"""What a turn wrote of a customer, laid over the profile: in memory what commit's statements do in the database."""

from __future__ import annotations

from typing import Any

import msgspec

from motet.core.customers import Customer
from motet.engine.batch import CustomerChange, Effects, ProfileChange


def lay_changes(customer: Customer, effects: Effects) -> Customer:
    """The customer afterwards."""
    change, profile = effects.customers.get(customer.id), effects.profiles.get(customer.id)
    if change is not None:
        customer = _lay_own(customer, change)
    if profile is not None:
        customer = _lay_profile(customer, profile)
    return customer


def _lay_own(customer: Customer, change: CustomerChange) -> Customer:
    """The engine's own fields."""
    fields: dict[str, Any] = {}
    if change.last_interaction_at is not None:
        fields["last_interaction_at"] = change.last_interaction_at
    if change.last_purchase_at is not None:
        fields["last_purchase_at"] = change.last_purchase_at
    if change.consents:
        fields["consents"] = {**customer.consents, **change.consents}
    if change.suppressions:
        fields["suppressions"] = {**customer.suppressions, **change.suppressions}
    if change.dead_tokens:
        fields["devices"] = tuple(d for d in customer.devices if d.token not in change.dead_tokens)
    if change.lifecycle_stage is not None:
        fields["lifecycle_stage"] = change.lifecycle_stage
    return msgspec.structs.replace(customer, **fields) if fields else customer


def _lay_profile(customer: Customer, profile: ProfileChange) -> Customer:
    attributes = {k: v for k, v in customer.attributes.items() if k not in profile.unset} | profile.set
    tags = tuple(sorted({*customer.tags, *profile.add_tags} - {*profile.remove_tags}))
    return msgspec.structs.replace(
        customer, attributes=attributes, tags=tags, topics={**customer.topics, **profile.topics}
    )
