"""`{% load charts %}`: pictures drawn on the server, each with its table. docs/design.md shows each with an example."""

from django import template

from headwater.core.display import charts, heat, sankey

register = template.Library()

register.simple_tag(charts.bars)
register.simple_tag(charts.lines)
register.simple_tag(charts.dots)
register.simple_tag(charts.spark)
register.simple_tag(charts.meter)
register.simple_tag(sankey.sankey)
register.simple_tag(heat.heat)
