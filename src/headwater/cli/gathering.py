"""`gather PATH_OR_URL`: one place, gathered to its end while one waits."""
