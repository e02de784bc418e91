"""A project as `startproject` makes it, behind which a hand-written view streams."""

from __future__ import annotations

import os

from example.settings import TEMPLATES as USUAL_TEMPLATES
from example.settings import database

SECRET_KEY = "the-benchmark-is-no-secret"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.benchmarks.sites.plain"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = USUAL_TEMPLATES
DATABASES = {"default": database(os.environ["DATABASE_URL"])}
if os.environ.get("DATABASE_POOL"):
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 4, "max_size": 16}}
STATIC_URL = "static/"
USE_TZ = True
