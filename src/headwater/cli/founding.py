"""`init`: the first organisation, or the demonstration."""

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from headwater.cli.errors import CommandFailed
from headwater.cli.installation import open_installation
from headwater.core.home_folder import home_folder, installation_choices, remember_choice

if TYPE_CHECKING:
    from headwater.core.models import Organisation


def init(options: Namespace) -> None:
    """Make an organisation, and print the one-time link of its administrator; the demonstration needs none."""
    if options.unless_founded and installation_choices(home_folder()).get("founded"):
        return
    with open_installation():
        if options.demo:
            result = _found_demonstration(options.unless_founded)
        else:
            result = _found(options)
    remember_choice(home_folder(), founded=True, **({"demo": True} if result.pop("demonstration", "") else {}))
    if options.json:
        sys.stdout.write(json.dumps(result) + "\n")
    elif result.get("link"):
        sys.stdout.write(f"{result['link']}\n")
        sys.stderr.write("Open this link once to set the administrator's password. It is shown only now.\n")


def _found(options: Namespace) -> dict[str, str]:
    from django.utils.text import slugify

    from headwater.core.actions import door
    from headwater.people.actions.access import found_organisation

    slug = options.slug or slugify(options.name)
    with door("cli"):
        organisation, link = found_organisation(options.name, slug, options.email)
    return {"organisation": organisation.slug, "link": link}


def _found_demonstration(unless_founded: bool) -> dict[str, str]:
    from headwater.core.actions import door
    from headwater.core.models import Organisation
    from headwater.demo.load import load_demonstration

    known = Organisation.objects.order_by("pk").first()
    if known is not None:
        if unless_founded:
            return _described(known)
        raise CommandFailed(
            f"There is an organisation here already ({known.slug}). Nothing was changed. Give the demonstration a "
            "HEADWATER_HOME of its own."
        )
    sys.stderr.write("Making the demonstration organisation…\n")
    with door("cli"):
        return _described(load_demonstration())


def _described(organisation: "Organisation") -> dict[str, str]:
    """One-click sign-in belongs to demonstrations only, so what is remembered is what the organisation itself says."""
    words = {"organisation": organisation.slug}
    return words | {"demonstration": "yes"} if organisation.is_demonstration else words
