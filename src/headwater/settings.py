"""The one settings file. Everything that differs between installations comes from the environment.

The `headwater` command fills the environment from the installation's folder before Django starts; a hosted
installation sets the same variables itself. docs/how-to/settings.md lists them all.
"""

import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from django.utils.translation import to_locale

from headwater.core.postgresql.links import patience

PACKAGE = Path(__file__).resolve().parent


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Start Headwater with the `headwater` command, which sets it.")
    return value


def _listed(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _database(url: str) -> dict[str, Any]:
    """A Django database from `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or parts.hostname or ""
    return {
        "ENGINE": "headwater.core.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": {
            # A server that is away is asked again every few seconds, however long it has been away.
            "pool": {"min_size": 1, "max_size": 8, "timeout": 30, "max_idle": 60, "reconnect_timeout": 5},
            **patience(host, query),
            **query,
        },
    }


# --- The installation -------------------------------------------------------------------------------------------------
HEADWATER_HOME = Path(_required("HEADWATER_HOME"))
HEADWATER_PORT = int(os.environ.get("HEADWATER_PORT") or "8000")
HEADWATER_ORIGIN = os.environ.get("HEADWATER_ORIGIN", f"http://127.0.0.1:{HEADWATER_PORT}")
HEADWATER_LIVE_URL = os.environ.get("HEADWATER_LIVE_URL", f"http://127.0.0.1:{HEADWATER_PORT + 1}/live")
HEADWATER_HOST = os.environ.get("HEADWATER_HOST") or socket.gethostname()
HEADWATER_PARTS = _listed("HEADWATER_PARTS") or ["gather", "match"]  # what workers of this host do beside the rest
HEADWATER_DEMO = os.environ.get("HEADWATER_DEMO") == "1"
HEADWATER_ALLOW_FETCH = _listed("HEADWATER_ALLOW_FETCH")
# Hours within which half, and 95 of 100, are to know what concerns them.
HEADWATER_AWARE_TARGETS = [float(hours) for hours in _listed("HEADWATER_AWARE_TARGETS") or ["4", "24"]]
SECRET_KEY = _required("HEADWATER_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    urlsplit(HEADWATER_ORIGIN).hostname or "",
    *_listed("HEADWATER_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [HEADWATER_ORIGIN]

# --- Database ---------------------------------------------------------------------------------------------------------
DATABASES = {"default": _database(_required("DATABASE_URL"))}
if os.environ.get("DATABASE_OWNER_URL"):
    # Only set while migrating: the owner creates tables, the application's role never owns one.
    DATABASES["owner"] = _database(os.environ["DATABASE_OWNER_URL"])
    DATABASES["owner"]["OPTIONS"].pop("pool")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Rooms ------------------------------------------------------------------------------------------------------------
ROOMS = [
    f"headwater.{room}" for room in ("core", "taxonomy", "people", "search", "gather", "library", "distribute", "home")
]
INSTALLED_APPS = [
    *ROOMS,
    "headwater.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "headwater.core.api_faults.ApiFaultMiddleware",
    "headwater.core.middleware.PlainAddressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "headwater.core.afterwards.AfterwardsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "headwater.core.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "headwater.people.middleware.OrganisationMiddleware",
]
ROOT_URLCONF = "headwater.urls"
WSGI_APPLICATION = "headwater.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "headwater.core.context.installation",
                "headwater.home.context.frame",
            ],
        },
    },
]

# --- Accounts ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"  # people/accounts.py says what proves an address; there is no open sign-up
ACCOUNT_ADAPTER = "headwater.people.accounts.InvitedOnlyAdapter"
ACCOUNT_FORMS = {
    "login": "headwater.people.account_forms.LoginForm",
    "change_password": "headwater.people.account_forms.PasswordChangeForm",
    "set_password": "headwater.people.account_forms.PasswordSetForm",
    "reauthenticate": "headwater.people.account_forms.ReauthenticateForm",
    "reset_password": "headwater.people.account_forms.ForgottenPasswordForm",
    "reset_password_from_key": "headwater.people.account_forms.MailedPasswordForm",
}
MFA_ADAPTER = "headwater.people.accounts.SecondFactors"
MFA_FORMS = {
    "authenticate": "headwater.people.account_forms.CodeForm",
    "reauthenticate": "headwater.people.account_forms.CodeAgainForm",
    "activate_totp": "headwater.people.account_forms.ActivationForm",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # an address that nobody has gets no mail
ACCOUNT_LOGOUT_ON_GET = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HEADWATER_ORIGIN.startswith("https:")
# Cookies do not keep ports apart, so several installations on one host need names of their own.
SESSION_COOKIE_NAME = f"headwater_session_{HEADWATER_PORT}"
CSRF_COOKIE_NAME = f"headwater_csrf_{HEADWATER_PORT}"

# --- Mail -------------------------------------------------------------------------------------------------------------
HEADWATER_MAIL_URL = os.environ.get("HEADWATER_MAIL_URL", "")  # smtp://user:password@host:port or smtps://…
HEADWATER_MAIL_FROM = os.environ.get("HEADWATER_MAIL_FROM", "Headwater <headwater@localhost>")
HEADWATER_BOUNCES_URL = os.environ.get("HEADWATER_BOUNCES_URL", "")
DEFAULT_FROM_EMAIL = HEADWATER_MAIL_FROM
EMAIL_BACKEND = "headwater.core.mail.Backend"

# --- Words and clocks -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("ar", _("Arabic")),
    ("zh-hans", _("Chinese")),
    ("ru", _("Russian")),
]
LOCALE_PATHS = [PACKAGE / "locale"]
# People read in any of these languages; the pages speak those that somebody has translated them into.
SPOKEN_LANGUAGES = [
    code
    for code, _name in LANGUAGES
    if code == LANGUAGE_CODE or (LOCALE_PATHS[0] / to_locale(code) / "LC_MESSAGES" / "django.mo").exists()
]
USE_TZ = True
TIME_ZONE = "UTC"

# --- Front ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
_live = urlsplit(HEADWATER_LIVE_URL)
_live_origin = [f"{_live.scheme}://{_live.netloc}"] if _live.netloc else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, *_live_origin],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
    },
}
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20

# --- Jobs and logs ----------------------------------------------------------------------------------------------------
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"short": {"()": "headwater.core.logs.WithoutTraceback"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["short"]}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("HEADWATER_LOG", "WARNING")},
}
