"""`make check`: every change of a model has its migration. Needs no database."""

import os


def main() -> None:
    """Exit with 1, naming what is missing, when a migration is missing."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="headwater.settings",
        DATABASE_URL="postgresql://nobody@/nowhere?host=/nonexistent",
        HEADWATER_HOME="/nonexistent",
        HEADWATER_SECRET_KEY="only-to-look-at-models",
    )
    os.environ.pop("DATABASE_OWNER_URL", None)
    import warnings

    import django
    from django.conf import settings
    from django.core.management import call_command

    warnings.simplefilter("ignore", RuntimeWarning)  # it would like to compare with a database
    settings.DATABASES["default"]["OPTIONS"].pop("pool")  # a pool would go on trying for half a minute
    django.setup()
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


if __name__ == "__main__":
    main()
