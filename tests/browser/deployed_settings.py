"""The browsers' site as it is deployed: without DEBUG, its files collected, a policy with a nonce.

TEST_POLICY is "django" or "django-csp", TEST_STORAGE the storage of static files, and
TEST_STATIC_ROOT where `collectstatic` has put them.
"""

from __future__ import annotations

import os

from tests.browser.settings import *  # noqa: F403
from tests.browser.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

POLICIES = {
    "django": (
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        "django.template.context_processors.csp",
    ),
    "django-csp": ("csp.middleware.CSPMiddleware", "csp.context_processors.nonce"),
}
policy = os.environ.get("TEST_POLICY", "django-csp")
_csp, _nonce = POLICIES[policy]
_first, *_others = (each for each in MIDDLEWARE if each != "tests.browser.site.strict_csp")

DEBUG = False
ROOT_URLCONF = "tests.browser.deployed"
MIDDLEWARE = [_first, "whitenoise.middleware.WhiteNoiseMiddleware", _csp, *_others]
TEMPLATES[0]["OPTIONS"]["context_processors"].append(_nonce)

if policy == "django":
    from django.utils.csp import CSP

    SECURE_CSP = {"default-src": [CSP.SELF], "script-src": [CSP.SELF, CSP.NONCE]}
else:
    from csp.constants import NONCE, SELF

    INSTALLED_APPS = [*INSTALLED_APPS, "csp"]
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": [SELF], "script-src": [SELF, NONCE]}}

if storage := os.environ.get("TEST_STORAGE"):
    STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": storage},
    }
else:
    WHITENOISE_USE_FINDERS = True
