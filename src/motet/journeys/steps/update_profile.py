"""Write attributes, tags and topics of the customer."""

from __future__ import annotations

from motet.core.outcomes import Do, Outcome, UpdateProfile
from motet.core.steps import UpdateProfileArgs
from motet.journeys.steps.base import Field, Moment, StepType
from motet.journeys.steps.words import say_list, say_word


def run(args: UpdateProfileArgs, moment: Moment) -> Outcome:
    return Do(UpdateProfile(args.set, args.unset, args.add_tags, args.remove_tags, args.topics))


def summary(args: UpdateProfileArgs) -> str:
    joined = [topic for topic, subscribed in args.topics.items() if subscribed]
    left = [topic for topic, subscribed in args.topics.items() if not subscribed]
    parts = [
        f"{verb} {say_list(say_word(name) for name in names)}"
        for verb, names in (
            ("set", list(args.set)),
            ("unset", list(args.unset)),
            ("add the tag", list(args.add_tags)),
            ("remove the tag", list(args.remove_tags)),
            ("subscribe to", joined),
            ("unsubscribe from", left),
        )
        if names
    ]
    return f"Update the profile: {', '.join(parts)}" if parts else "Update nothing"


TYPE = StepType(
    kind="update_profile",
    args=UpdateProfileArgs,
    run=run,
    summary=summary,
    form=(
        Field("set", "Set", "attributes"),
        Field("unset", "Unset", "names"),
        Field("add_tags", "Add tags", "names"),
        Field("remove_tags", "Remove tags", "names"),
        Field("topics", "Topics", "topics"),
    ),
)
