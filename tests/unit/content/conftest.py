"""Properties are about what comes out, not how long it takes on a busy machine: no deadlines."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
