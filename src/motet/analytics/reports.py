"""All reports, over one set of caches: what the web and the command line open."""

from __future__ import annotations

from motet.analytics.campaign import CampaignReports
from motet.analytics.definitions import Definitions
from motet.analytics.explain import ExplainReport
from motet.analytics.figures import Figures
from motet.analytics.journeys import JourneyReports
from motet.analytics.overview import OverviewReport
from motet.analytics.paths import PathReports
from motet.analytics.profile import ProfileReport
from motet.analytics.timeline import TimelineReport
from motet.storage.pool import Pool


class Reports:
    """One for a process; its parts remember what does not change."""

    def __init__(self, pool: Pool, lanes: int) -> None:
        self.figures = Figures(pool)
        self.definitions = Definitions(pool)
        self.overview = OverviewReport(pool, self.figures, self.definitions)
        self.campaigns = CampaignReports(pool, self.figures, self.definitions)
        self.journeys = JourneyReports(pool, lanes, self.definitions)
        self.paths = PathReports(pool, lanes, self.definitions)
        self.profiles = ProfileReport(pool, lanes, self.definitions)
        self.timelines = TimelineReport(pool, lanes, self.definitions)
        self.explain = ExplainReport(pool, lanes, self.timelines)
