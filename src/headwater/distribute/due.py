"""When something is due: working days, counted from Monday to Friday."""

from datetime import datetime, timedelta

_SATURDAY = 5


def after_working_days(start: datetime, days: int) -> datetime:
    """The same time of day so many working days later; from a weekend, counting begins on Monday."""
    moment = start
    while days > 0:
        moment += timedelta(days=1)
        if moment.weekday() < _SATURDAY:
            days -= 1
    while moment.weekday() >= _SATURDAY:
        moment += timedelta(days=1)
    return moment
