"""What goes to whom, why, through which channel, and the proof of it."""

from headwater.distribute.models.channel import (
    Channel,
    Digest,
    DigestLine,
    DigestNotice,
    Dispatch,
    MailedCode,
    Preference,
    PrivateFeed,
)
from headwater.distribute.models.delivery import (
    NEAR_COPY,
    OVER_BUDGET,
    Acknowledgement,
    Broadcast,
    Delivery,
    Reason,
    Reminder,
)
from headwater.distribute.models.forecast import Forecast, ForecastAnswer
from headwater.distribute.models.learned import LearnedExample, LearnedInterest, MeaningSpace
from headwater.distribute.models.standing import (
    Directive,
    InterestProfile,
    Ladder,
    MatchRun,
    MatchShard,
    StandingSnapshot,
    UnmatchedVersion,
    When,
)

__all__ = [
    "NEAR_COPY",
    "OVER_BUDGET",
    "Acknowledgement",
    "Broadcast",
    "Channel",
    "Delivery",
    "Digest",
    "DigestLine",
    "DigestNotice",
    "Directive",
    "Dispatch",
    "Forecast",
    "ForecastAnswer",
    "InterestProfile",
    "Ladder",
    "LearnedExample",
    "LearnedInterest",
    "MailedCode",
    "MatchRun",
    "MatchShard",
    "MeaningSpace",
    "Preference",
    "PrivateFeed",
    "Reason",
    "Reminder",
    "StandingSnapshot",
    "UnmatchedVersion",
    "When",
]
