"""The usage page as a person of the staff has it, at noon."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse

from mindwave_django.usage.days import DAY
from tests.usage.calls import call

PAGE = reverse("admin:mindwave_django_dailyusage_changelist")
EXPORT = reverse("admin:mindwave_django_usage_csv")
CALLS = reverse("admin:mindwave_django_providercall_changelist")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = NOON.date()
KNOWN = {"input_tokens": 1000, "output_tokens": 500, "time_to_first_token": 0.52}


class PageTestCase(TestCase):
    def setUp(self) -> None:
        clock = mock.patch("django.utils.timezone.now", return_value=NOON)
        clock.start()
        self.addCleanup(clock.stop)
        self.staff = get_user_model().objects.create_user("staff", is_staff=True, pk=70)
        self.staff.user_permissions.set(Permission.objects.filter(codename="view_providercall"))
        self.client.force_login(self.staff)

    def html(self, url: str = PAGE, **parameters: Any) -> str:
        response = self.client.get(url, parameters)
        assert response.status_code == 200, response
        return response.content.decode()

    def cards(self, **parameters: Any) -> dict[str, list[str]]:
        found = re.findall(
            r'<div class="mindwave-card">(.*?)</div>', self.html(**parameters), re.DOTALL
        )
        cards = [re.findall(r"<d[td][^>]*>([^<]*)<", card) for card in found]
        return {label: said for label, *said in cards}

    def table(self, key: str, **parameters: Any) -> dict[str, list[str]]:
        html = self.html(**parameters)
        found = re.search(rf'id="usage-table-{key}".*?<tbody>(.*?)</tbody>', html, re.DOTALL)
        rows = re.findall(r"<tr>(.*?)</tr>", found[1] if found else "", re.DOTALL)
        texts = [
            [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
            for row in rows
        ]
        return {name: cells for name, *cells in texts}

    def some_calls(self) -> None:
        call(TODAY, cost=Decimal("0.0016"), cached_input_tokens=250, **KNOWN)
        call(TODAY - DAY, cost=Decimal("12.5"), model="large", owner="u:70", **KNOWN)
        call(TODAY - DAY, outcome="failed", driver="local")
        call(TODAY - 20 * DAY, outcome="cancelled", owner="", model="mystery")
        call(TODAY - 40 * DAY, cost=Decimal(99), **KNOWN)
