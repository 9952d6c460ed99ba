"""What the pages of people ask of the rules."""

from django import template

from headwater.people.rules import may_see_grants

register = template.Library()
register.filter("sees_grants", may_see_grants)
