"""The platform's settings. The vault has its own (`vault.settings`); the two share nothing.

What a person may set comes from the environment with the prefix `BOTPLATFORM_`, is checked all at once,
and a mistake is named together with its remedy before anything starts.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from botplatform.lib.layout import layout
from botplatform.lib.own_file import kept


class Environment(BaseSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="BOTPLATFORM_", extra="ignore")

    debug: bool = False
    vault_pages: str | None = None  # the origin of the vault's own pages, where they are not on this machine
    database: Literal["sqlite"] = "sqlite"
    allowed_hosts: str = "localhost,127.0.0.1,[::1]"
    shards: int = 2
    slice_seconds: int = 240
    workers: int = 3
    sweep_workers: int = os.cpu_count() or 1


try:
    ENVIRONMENT = Environment()
except ValidationError as mistakes:
    for mistake in mistakes.errors():
        name = "BOTPLATFORM_" + "_".join(str(part) for part in mistake["loc"]).upper()
        sys.stderr.write(f"{name}: {mistake['msg']} (it is {mistake['input']!r}). Correct it or unset it.\n")
    raise SystemExit(2) from None

BASE_DIR = Path(__file__).resolve().parent.parent
LAYOUT = layout()
PLATFORM_DIR = LAYOUT.platform
PLATFORM_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


SECRET_KEY = kept(PLATFORM_DIR / "django.key", lambda: secrets.token_urlsafe(64).encode()).decode()
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts.split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "botplatform.accounts",
    "botplatform.markets",
    "botplatform.exchanges",
    "botplatform.bots",
    "botplatform.runner",  # before django_q: its qcluster is ours
    "django_q",
    "botplatform.dashboard",
    "botplatform.paper",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "botplatform.accounts.sessions.SignedSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "botplatform.accounts.identified.knows_who_asks",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "botplatform.urls"
ASGI_APPLICATION = "botplatform.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own folders: Django's admin would otherwise come first with its base_site.html.
        "DIRS": [BASE_DIR / "botplatform" / "dashboard" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": PLATFORM_DIR / "db.sqlite3",
        "OPTIONS": {
            # DEFERRED transactions ran one schedule twice and answer "locked" without waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        # A file, because a server that is tested has threads, and each has a connection of its own.
        "TEST": {"NAME": PLATFORM_DIR / "test.sqlite3"},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "botplatform.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # nobody does; allauth wants to know
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds, as long as the vault lets it count
# Wrong passwords are counted by axes, in the database; these are for codes, and against who hammers.
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,10/15m/key"}
# Where they are counted. At its usual 300 entries, who tries many names would push out the count of one.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
MFA_ADAPTER = "botplatform.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Botplatform"
MFA_TOTP_TOLERANCE = 1  # half minutes before and after
MFA_FORMS = {
    "authenticate": "botplatform.accounts.codes.Authenticate",
    "reauthenticate": "botplatform.accounts.codes.Reauthenticate",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False  # http://localhost is allowed all the same, as in browsers
USERSESSIONS_TRACK_ACTIVITY = True
AXES_USERNAME_CALLABLE = "botplatform.accounts.lock.name_typed"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "dashboard/locked.html"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
VAULT_PAGES = ENVIRONMENT.vault_pages or f"http://localhost:{LAYOUT.pages_port}"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}

STATIC_URL = "static/"
STATIC_ROOT = LAYOUT.var / "static"
STATICFILES_DIRS = [folder for folder in [BASE_DIR / "build" / "static"] if folder.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# A slice runs for `slice_seconds` and enqueues its successor itself. `retry` counts from the moment a task is
# prefetched, so it has to outlast what waits in front of it; a second copy of a slice gets no lease and ends.
_slice_limit = ENVIRONMENT.slice_seconds + 60
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "orm": "default",
    "workers": 1,
    "queue_limit": 2,
    "poll": 0.5,
    "timeout": 600,
    "retry": 3000,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,  # results are unsigned pickles: none is kept, none is read
    "label": "Tasks",
    "ALT_CLUSTERS": {
        "bots": {
            "workers": ENVIRONMENT.workers,
            "queue_limit": 1,
            "poll": 0.2,
            "timeout": _slice_limit,
            "retry": _slice_limit * 4,
            "max_attempts": 1,
            "recycle": 50,
        },
        # Of a sweep's own, as long as it takes. A chunk takes some tenths of a second; who waits for it asks again.
        "sweeps": {
            "workers": ENVIRONMENT.sweep_workers,
            "queue_limit": ENVIRONMENT.sweep_workers,
            "poll": 0.05,
            "max_attempts": 1,
            "scheduler": False,
        },
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
