"""What can go wrong with the embedded database, said so that the reader knows what to do next."""


class ClusterError(Exception):
    """PostgreSQL could not be found, created, started or stopped. The text is meant for the person at the keyboard."""
