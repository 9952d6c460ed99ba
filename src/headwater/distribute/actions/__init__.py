"""The verbs of distributing."""

from headwater.distribute.actions.channels import (
    add_channel,
    change_channel,
    change_preferences,
    confirm_channel,
    record_bounce,
    remove_channel,
    remove_feed,
    replace_feed,
    rotate_feed,
    rotate_webhook_key,
    unsubscribe_channel,
)
from headwater.distribute.actions.deliveries import (
    acknowledge_delivery,
    mark_deliveries_read,
    mark_deliveries_unread,
    open_delivery,
    rate_delivery,
    record_acknowledgement,
)
from headwater.distribute.actions.directives import (
    end_directive,
    issue_directive,
    preview_directive,
    recall_directive,
    remove_directive,
    save_directive,
)
from headwater.distribute.actions.ladder import change_ladder
from headwater.distribute.actions.learning import (
    add_example,
    remove_example,
    start_learning,
    stop_learning,
    weigh_word,
)
from headwater.distribute.actions.looking import forecast_reach
from headwater.distribute.actions.matching import divide_matching, retry_versions
from headwater.distribute.actions.profiles import (
    pause_profile,
    remove_profile,
    restore_profile,
    resume_profile,
    save_profile,
)

__all__ = [
    "acknowledge_delivery",
    "add_channel",
    "add_example",
    "change_channel",
    "change_ladder",
    "change_preferences",
    "confirm_channel",
    "divide_matching",
    "end_directive",
    "forecast_reach",
    "issue_directive",
    "mark_deliveries_read",
    "mark_deliveries_unread",
    "open_delivery",
    "pause_profile",
    "preview_directive",
    "rate_delivery",
    "recall_directive",
    "record_acknowledgement",
    "record_bounce",
    "remove_channel",
    "remove_directive",
    "remove_example",
    "remove_feed",
    "remove_profile",
    "replace_feed",
    "restore_profile",
    "resume_profile",
    "retry_versions",
    "rotate_feed",
    "rotate_webhook_key",
    "save_directive",
    "save_profile",
    "start_learning",
    "stop_learning",
    "unsubscribe_channel",
    "weigh_word",
]
