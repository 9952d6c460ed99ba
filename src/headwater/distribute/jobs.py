"""What distribute does in the background: it follows what was committed below, and sends."""

from headwater.core.jobs import Follower, periodic
from headwater.distribute import confirming as confirming  # the worker finds its job by this import
from headwater.distribute import very_long
from headwater.distribute.bounces import read_bounces
from headwater.distribute.broadcasts import spread_open_broadcasts
from headwater.distribute.digests import make_digests
from headwater.distribute.foreseeing import forget_forecasts
from headwater.distribute.holding import hold_shards
from headwater.distribute.keeping import keep_standing
from headwater.distribute.keys import end_keys
from headwater.distribute.ladder import climb_ladder
from headwater.distribute.learned import is_learning_due, plan_learning
from headwater.distribute.matching import match_new_versions
from headwater.distribute.matching_aside import match_very_long
from headwater.distribute.meaning import has_meaning, make_meaning
from headwater.distribute.posting import send_due
from headwater.distribute.sending import plan_new, plan_notices
from headwater.distribute.warming import be_warm, warm_matcher
from headwater.distribute.widening import FOLLOWERS as WIDENING
from headwater.distribute.withdrawing import (
    follow_entries,
    follow_members,
    hand_over,
    release_leavers,
    settle_everything,
)


def learn_due(organisation_id: int) -> bool:
    """Learn anew what is due. True when there may be more. Nothing is compiled where nothing is due."""
    if not is_learning_due(organisation_id):
        return False
    be_warm()
    from headwater.distribute import learning  # the compiled matcher, which only workers load

    if not has_meaning(organisation_id):
        make_meaning(organisation_id)
    return learning.learn_due(organisation_id)


FOLLOWERS = [
    Follower("match versions", channel="search_entryversion", step=match_new_versions),
    Follower("forecast reach", channel="distribute_forecast", step=match_new_versions, every_seconds=60),
    Follower("match what changed", channel="search_entry", step=match_new_versions, every_seconds=60, rest=1.0),
    Follower("match very long texts", channel=very_long.CHANNEL, step=match_very_long),
    Follower("spread broadcasts", channel="distribute_broadcast", step=spread_open_broadcasts),
    Follower("withdraw", channel="search_entry", step=follow_entries, rest=0.2),
    Follower("joined audiences", channel="people_audiencemember", step=follow_members),
    Follower("left audiences", channel="people_audiencemember", step=release_leavers, every_seconds=10),
    *WIDENING,
    Follower("distribute.departures", channel="people_departure", step=hand_over, every_seconds=600),
    Follower("keys of leavers", channel="people_departure", step=end_keys),
    Follower("plan dispatches", channel="distribute_delivery", step=plan_new, rest=0.1),
    Follower("plan notices", channel="people_notice", step=plan_notices),
    Follower("send", channel="distribute_dispatch", step=send_due),
    Follower("digests", channel="distribute_digest", step=make_digests, every_seconds=30),
    Follower("learn interests", channel="distribute_learnedinterest", step=learn_due, every_seconds=60),
]
SERVICES = [warm_matcher, hold_shards, keep_standing]

periodic("*/5 * * * *")(climb_ladder)
periodic("*/5 * * * *")(read_bounces)
periodic("*/10 * * * *")(settle_everything)
periodic("17 * * * *")(forget_forecasts)
periodic("20 3 * * *")(plan_learning)
periodic("50 2 * * *")(make_meaning)
