"""Pages of the people room: thin; what may be done is decided by the actions."""
