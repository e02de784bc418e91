"""The widget on sites as they are deployed, in Chromium."""

from __future__ import annotations

import django

from tests.browser.support import Chromium
from tests.browser.widget.deployment import Collected, Deployed, InThePage, Policy


class UnderThePolicyOfDjangoCsp(Policy, Chromium):
    environment = Deployed.environment | {"TEST_POLICY": "django-csp"}


if django.VERSION >= (6, 0):  # the first one with a policy of its own

    class UnderThePolicyOfDjango(Policy, Chromium):
        environment = Deployed.environment | {"TEST_POLICY": "django"}


class WithNamesWithHashes(Collected, Chromium):
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    encoding = None


class WithCompressedFiles(Collected, Chromium):
    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    encoding = "gzip"


class InThePageInChromium(InThePage, Chromium):
    pass
