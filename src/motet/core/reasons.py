"""Why a message was sent, held or dropped: one closed list.

The numbers are stored: never renumber, only append. `TEXT` is what a person reads.
"""

from __future__ import annotations

from motet.core.words import Word


class Reason(Word):
    ELIGIBLE = 1
    SUPPRESSED = 2
    NO_CONSENT = 3
    CHANNEL_OFF = 4
    NO_ADDRESS = 5
    CHANNEL_CAP = 6
    CAMPAIGN_CAP = 7
    GLOBAL_CAP = 8
    COOLDOWN = 9
    RECENT_PURCHASE = 10
    CONDITION_FALSE = 11
    OUTSIDE_WINDOW = 12  # before start, after end
    FALLBACK_USED = 13
    FALLBACK_FAILED = 14
    CAMPAIGN_STOPPED = 15
    RENDER_FAILED = 16
    NO_PROVIDER = 17
    PROVIDER_REJECTED = 18
    PROVIDER_RETRY = 19
    ANSWER_LOST = 20
    ALREADY_ENROLLED = 21
    NOT_TARGETED = 22
    WAITS_FOR_TIME = 23
    QUARANTINED = 24
    EXPIRED = 25
    CAMPAIGN_FULL = 26


TEXT: dict[Reason, str] = {
    Reason.ELIGIBLE: "nothing stood against it",
    Reason.SUPPRESSED: "the address is suppressed after a hard bounce or a complaint",
    Reason.NO_CONSENT: "the customer unsubscribed from this channel",
    Reason.CHANNEL_OFF: "the customer switched this channel off in their preferences",
    Reason.NO_ADDRESS: "the customer has no address on this channel",
    Reason.CHANNEL_CAP: "the cap on this channel was reached",
    Reason.CAMPAIGN_CAP: "the customer entered this campaign as often as its rules allow",
    Reason.GLOBAL_CAP: "the cap over all channels was reached",
    Reason.COOLDOWN: "the campaign's cooldown has not passed",
    Reason.RECENT_PURCHASE: "the customer bought recently and the campaign leaves buyers alone",
    Reason.CONDITION_FALSE: "the message's condition was not met",
    Reason.OUTSIDE_WINDOW: "the campaign's start and end do not include this moment",
    Reason.FALLBACK_USED: "the first channel could not serve, so the fallback channel did",
    Reason.FALLBACK_FAILED: "the fallback channel could not serve either",
    Reason.CAMPAIGN_STOPPED: "the campaign was paused or cancelled",
    Reason.RENDER_FAILED: "the content could not be made for this customer",
    Reason.NO_PROVIDER: "no provider is set up for this channel",
    Reason.PROVIDER_REJECTED: "the provider refused the message",
    Reason.PROVIDER_RETRY: "the provider asked to try again later",
    Reason.ANSWER_LOST: "the provider's answer was lost, so it may or may not have been sent",
    Reason.ALREADY_ENROLLED: "the customer is in this campaign already",
    Reason.NOT_TARGETED: "the customer is in none of the campaign's target segments",
    Reason.WAITS_FOR_TIME: "the message waits for its time",
    Reason.QUARANTINED: "the step failed again and again and was set aside",
    Reason.EXPIRED: "the message waited longer than it stays worth sending",
    Reason.CAMPAIGN_FULL: "as many customers entered as the campaign lets in",
}
