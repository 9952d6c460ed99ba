"""Django's PostgreSQL with two things of our own: see `base`."""
