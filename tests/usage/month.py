"""Two months of calls as a growing site has them, for pictures."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.utils import timezone

from mindwave_django.models import ProviderCall
from mindwave_django.usage.days import begin_of, last_days

DAYS = 60
PASSWORD = "screenshots"
PEOPLE = ["amara", "ben", "chloe", "dimitri", "elif", "farid", "grace", "hanna", "ivan", "jun"]
PEOPLE += ["kofi", "lena", "mateo", "nadia", "otis"]
# Name, driver, provider, how often it is asked, price of a million tokens in and out, first token.
MODELS: tuple[tuple[str, str, str, float, tuple[str, str] | None, float], ...] = (
    ("gpt-4.1-mini", "default", "openai", 0.62, ("0.40", "1.60"), 0.45),
    ("gpt-4.1", "large", "openai", 0.22, ("2.00", "8.00"), 0.7),
    ("o4-mini", "large", "openai", 0.08, ("1.10", "4.40"), 3.2),
    ("llama3.3", "local", "ollama", 0.08, None, 0.9),
)
ERRORS = ("rate_limited", "provider_unavailable", "timeout", "provider_unavailable")


def calls(chance: random.Random) -> Iterator[ProviderCall]:
    """Yield the calls of a growing site: busy on work days, with one bad afternoon."""
    days = list(last_days(DAYS))
    for number, day in enumerate(days):
        is_weekend = day.weekday() >= 5
        is_bad = day.weekday() == 1 and 7 <= DAYS - number < 14
        many = (90 + 2.2 * number) * (0.35 if is_weekend else 1) * chance.uniform(0.85, 1.15)
        for _ in range(int(many)):
            hour = chance.triangular(7, 23, 15)
            moment = begin_of(day) + timedelta(hours=hour)
            if moment < timezone.now():
                yield call(chance, moment, trouble=is_bad and 13 < hour < 16)


def call(chance: random.Random, moment: datetime, *, trouble: bool) -> ProviderCall:
    [model] = chance.choices(MODELS, [model[3] for model in MODELS])
    name, driver, provider, _often, price, usual = model
    owner = f"u:{1 + min(int(chance.expovariate(0.25)), len(PEOPLE) - 1)}"
    if chance.random() < 0.04:
        owner = "s:" + "".join(chance.choices("abcdefgh", k=12))
    made = ProviderCall(id=uuid.UUID(int=chance.getrandbits(128)), owner=owner, driver=driver)
    made.provider, made.model, made.outcome = provider, name, "completed"
    first = chance.lognormvariate(math.log(usual * (4 if trouble else 1)), 0.45)
    made.started_at, made.ended_at = moment - timedelta(seconds=first + 4), moment
    if chance.random() < (0.45 if trouble else 0.012):
        made.outcome, made.error_code = "failed", chance.choice(ERRORS)
        return made
    if chance.random() < 0.035:
        made.outcome = "cancelled"
    made.time_to_first_token = first
    use(chance, made, price)
    return made


def use(chance: random.Random, made: ProviderCall, price: tuple[str, str] | None) -> None:
    made.input_tokens = int(chance.lognormvariate(7.4, 0.8))
    made.output_tokens = int(chance.lognormvariate(6.0, 0.7))
    made.cached_input_tokens = int(made.input_tokens * chance.choice((0, 0, 0.5, 0.8)))
    made.reasoning_tokens = made.output_tokens // 2 if made.model == "o4-mini" else 0
    made.usage_source = "reported"
    if price is not None:
        each = [Decimal(one) / 1_000_000 for one in price]
        cost = made.input_tokens * each[0] + made.output_tokens * each[1]
        made.cost = cost.quantize(Decimal("0.00000001"))


def fill() -> None:
    """Write people and calls into the default database."""
    users = get_user_model()
    for number, name in enumerate(PEOPLE, 1):
        users.objects.create(pk=number, username=name)
    users.objects.create_superuser("admin", password=PASSWORD)
    ProviderCall.objects.bulk_create(calls(random.Random(5)), batch_size=500)
