"""Django's PostgreSQL with a few things of our own: see `base` and `links`."""
