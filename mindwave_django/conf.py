"""Every setting: name, type, default. Read from the project's settings at each access.

`django.conf.settings.MINDWAVE` is touched here and nowhere else. All times are in seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, overload
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

SETTING = "MINDWAVE"


class Setting(Generic[T]):
    """One key of MINDWAVE: its default, and what its value has to be.

    `valid` returns whether a value will do; `expected` says in words what would. The text below a
    setting is what `docs/settings_reference.py` puts into `docs/settings.md`, in Markdown.
    """

    def __init__(self, default: T, valid: Callable[[Any], bool], expected: str) -> None:
        self.default = default
        self.valid = valid
        self.expected = expected

    def __set_name__(self, owner: type[Group], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, group: None, owner: type[Group]) -> Setting[T]: ...
    @overload
    def __get__(self, group: Group, owner: type[Group]) -> T: ...
    def __get__(self, group: Group | None, owner: type[Group]) -> Setting[T] | T:
        if group is None:
            return self
        value: T = group.raw().get(self.name, self.default)
        if not self.valid(value):
            raise ImproperlyConfigured(self.complaint(group, value))
        return value

    def complaint(self, group: Group, value: object) -> str:
        """Say where the value stands, what it is, and what it should be."""
        return f"{group.place(self.name)} should be {self.expected}, got {value!r}."


class Group:
    """The settings of one dict inside MINDWAVE, or of MINDWAVE itself."""

    def __init__(self, *path: str) -> None:
        self.path = path

    def place(self, *keys: str) -> str:
        """Name a place in the settings as one would write it: MINDWAVE['STREAMING']['TIMEOUT']."""
        return SETTING + "".join(f"[{key!r}]" for key in (*self.path, *keys))

    def raw(self) -> Mapping[str, Any]:
        """Return what the project wrote here; raise ImproperlyConfigured if it is no dict."""
        found: Any = getattr(settings, SETTING, {})
        for depth, key in enumerate(self.path):
            if not isinstance(found, Mapping):
                raise _no_dict(found, Group(*self.path[:depth]).place())
            found = found.get(key, {})
        if not isinstance(found, Mapping):
            raise _no_dict(found, self.place())
        return found

    @classmethod
    def settings(cls) -> Iterator[Setting[Any]]:
        """Yield the settings of this group in the order of their definition."""
        return (value for value in vars(cls).values() if isinstance(value, Setting))

    @classmethod
    def known(cls) -> set[str]:
        """Return every key that may stand in this dict."""
        return {setting.name for setting in cls.settings()}


def _no_dict(value: object, place: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{place} should be a dict, got {value!r}.")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def seconds(default: float, *, zero: bool = False) -> Setting[float]:
    """Return a duration in seconds, positive unless `zero` allows 0 too."""
    if zero:
        return Setting(default, lambda value: _number(value) and value >= 0, "0 or more seconds")
    return Setting(
        default, lambda value: _number(value) and value > 0, "a positive number of seconds"
    )


def count(default: int) -> Setting[int]:
    """Return a whole number of at least 1."""
    return Setting(
        default,
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
        "a whole number of at least 1",
    )


def optional_count(default: int) -> Setting[int | None]:
    """Return a whole number of at least 1, or None for no limit."""
    bounded = count(default)
    return Setting(
        default,
        lambda value: value is None or bounded.valid(value),
        f"{bounded.expected}, or None for no limit",
    )


def choice(default: str, *others: str) -> Setting[str]:
    """Return one of a few words."""
    words = (default, *others)
    return Setting(default, lambda value: value in words, f"one of {', '.join(map(repr, words))}")


def flag(default: bool) -> Setting[bool]:
    """Return True or False."""
    return Setting(default, lambda value: isinstance(value, bool), "True or False")


def names() -> Setting[list[str]]:
    """Return a list of texts, empty by default."""
    return Setting(
        [],
        lambda value: isinstance(value, list | tuple) and all(isinstance(i, str) for i in value),
        "a list of texts",
    )


def _is_origin(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and bool(parts.scheme and parts.netloc) and not parts.path.strip("/")


def origins() -> Setting[list[str]]:
    """Return a list of origins, scheme and host, empty by default."""
    return Setting(
        [],
        lambda value: isinstance(value, list | tuple) and all(map(_is_origin, value)),
        "a list of origins such as 'https://example.com'",
    )


def _path_or_callable(value: object) -> bool:
    return callable(value) or (isinstance(value, str) and "." in value)


def optional_callable() -> Setting[Any]:
    """Return a dotted path or a callable; None by default."""
    return Setting(
        None,
        lambda value: value is None or _path_or_callable(value),
        "None, a dotted path or a callable",
    )


def parse_rate(rate: object) -> tuple[int, int] | None:
    """Return how many in how many seconds: `10/m`, `10/5m`, or a pair of numbers.

    None for what is no rate.
    """
    if isinstance(rate, str) and (found := _RATE.fullmatch(rate)):
        rate = int(found[1]), int(found[2] or 1) * _PERIODS[found[3]]
    match rate:
        case (int(number), int(period)) if number >= 0 and period > 0:
            return number, period
    return None


_RATE = re.compile(r"(\d{1,18})/(\d{0,18})([smhd])", re.ASCII)
_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}


def parse_budget(budget: object) -> tuple[Decimal, int] | None:
    """Return how much in how many seconds: `200k/d`, `1.5m/w`, `5.00/d`; None for what is none."""
    if not isinstance(budget, str) or (found := _BUDGET.fullmatch(budget)) is None:
        return None
    amount = Decimal(found[1]) * _MULTIPLES[found[2]]
    period = int(found[3] or 1) * _PERIODS[found[4]]
    return (amount, period) if period > 0 else None


_BUDGET = re.compile(r"(\d{1,12}(?:\.\d{1,8})?)([km]?)/(\d{0,6})([smhdw])", re.ASCII)
_MULTIPLES = {"": 1, "k": 1000, "m": 1_000_000}


def budget(*, whole: bool) -> Setting[str | None]:
    """Return how much may be spent in a time, or None for no bound."""

    def valid(value: object) -> bool:
        parsed = parse_budget(value)
        return value is None or (parsed is not None and not (whole and parsed[0] % 1))

    example = "'200k/d'" if whole else "'5.00/d'"
    return Setting(None, valid, f"a budget such as {example}, or None")


def rate(default: str) -> Setting[Any]:
    """Return a rate, a dotted path or a callable that gives one, or None for no limit."""
    return Setting(
        default,
        lambda value: value is None or parse_rate(value) is not None or _path_or_callable(value),
        "a rate such as '10/m', a dotted path or a callable that returns one, or None",
    )


def _is_client_ip(value: object) -> bool:
    if not isinstance(value, Mapping):
        return value is None or _path_or_callable(value)
    header, proxies = value.get("HEADER"), value.get("TRUSTED_PROXIES", 1)
    return (
        value.keys() <= {"HEADER", "TRUSTED_PROXIES"}
        and isinstance(header, str)
        and re.fullmatch(r"[A-Za-z0-9-]+", header) is not None
        and isinstance(proxies, int)
        and not isinstance(proxies, bool)
        and proxies >= 1
    )


def sizes() -> Setting[Mapping[str, int]]:
    """Return a dict of whole numbers of at least 1 by name, empty by default."""
    return Setting(
        {},
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(key, str) for key in value)
            and all(
                isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in value.values()
            )
        ),
        "a dict of whole numbers of at least 1",
    )


def _is_price(value: object) -> bool:
    if not isinstance(value, Mapping) or not {"input", "output"} <= value.keys():
        return False
    numbers = [value[key] for key in ("input", "cached_input", "output") if key in value]
    return (
        value.keys() <= {"input", "cached_input", "output", "per"}
        and all(map(_is_amount, numbers))
        and type(per := value.get("per", 1)) is int
        and per >= 1
    )


def _is_amount(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return False
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0


def prices() -> Setting[Mapping[str, Mapping[str, Any]]]:
    """Return a dict of prices by patterns of models' names, empty by default."""
    return Setting(
        {},
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(key, str) for key in value)
            and all(map(_is_price, value.values()))
        ),
        "a dict: pattern of a model's name → dict with 'input', 'output' and, if needed, "
        "'cached_input' and 'per'",
    )


class Streaming(Group):
    """How answers travel: MINDWAVE['STREAMING']."""

    TIMEOUT = seconds(300)
    """The longest a whole answer may take. Past it the stream fails with `timeout`."""
    FIRST_TOKEN_TIMEOUT = seconds(60)
    """The longest wait for the first thing the driver gives."""
    IDLE_TIMEOUT = seconds(60)
    """The longest silence of the driver after that."""
    FLUSH_INTERVAL = seconds(0, zero=True)
    """The least time between two writes of text; 0 sends everything at once. The end, heartbeats
    and progress are not held back, and take along what text there is.
    """
    HEARTBEAT_INTERVAL = seconds(15)
    """How often a `heartbeat` goes out, whether text flows or not."""
    PROGRESS = flag(default=False)
    """Send [progress](wire-format.md#progress) to every reader, not only to those who ask for it.
    """
    RETRY = seconds(1, zero=True)
    """How long a browser waits before it reconnects."""
    RECONNECT_GRACE = seconds(45, zero=True)
    """How long a call goes on while nobody reads it."""
    ON_DISCONNECT = choice("cancel", "finish")
    """What happens after that: the call is ended, or runs to its end."""
    SHUTDOWN_GRACE = seconds(5, zero=True)
    """How long answers that are read in this process may go on after the server was told to end
    (SIGTERM), before they are [saved as they are](deploy.md#deploys).
    """
    MAX_STREAMS = count(1000)
    """How many answers one process writes at the same time. Past it requests that start one get
    503.
    """
    RETENTION = seconds(300, zero=True)
    """How long an answer can be resumed after its end."""
    LOG = Setting[Mapping[str, Any]](
        {"BACKEND": "mindwave_django.streaming.log.MemoryLog"},
        lambda value: isinstance(value, Mapping),
        "a dict with BACKEND and, if needed, OPTIONS",
    )
    """Where answers are kept meanwhile: see [MemoryLog](#memorylog)."""


class Chat(Group):
    """Who may use the shipped views, and for what: MINDWAVE['CHAT']."""

    ACCESS = Setting[Any](
        "mindwave_django.access.authenticated", _path_or_callable, "a dotted path or a callable"
    )
    """Who is let in: a function of the request, sync or async, that returns whether it may.
    `mindwave_django.access.anyone` lets everybody in.
    """
    ALLOWED_ORIGINS = origins()
    """Other sites whose pages may trigger a request, such as `"https://www.example.com"`. Sends no
    CORS headers: see [Security](security.md#foreign-pages).
    """
    ALLOWED_MODELS = names()
    """The models a client may choose by `model`. Empty: no choice."""
    RATE = rate("10/m")
    """How often a user, or a stranger's address, may ask: see [Limits](limits.md). `None`:
    without limit.
    """
    MAX_STREAMS_PER_OWNER = optional_count(3)
    """How many answers for one person may be written at the same time."""
    TOKEN_BUDGET = budget(whole=True)
    """How many tokens one person may use in a time, such as `"200k/d"`: see
    [Budgets](limits.md#budgets).
    """
    COST_BUDGET = budget(whole=False)
    """How much one person may spend in a time, such as `"5.00/d"`."""
    MAX_PROMPT_LENGTH = count(5000)
    """The longest prompt, in characters, without white space around it and with one character for
    each end of a line.
    """
    MAX_TOKENS = count(4000)
    """The most that a client may ask for by `max_tokens`."""
    SYSTEM_PROMPT = Setting("", lambda value: isinstance(value, str), "a text")
    """What the model is told before the prompt. Empty: nothing."""
    CONTEXT_WINDOWS = sizes()
    """How many tokens a model takes in and gives out together, by the beginning of its name, where
    the [table in the package](chat.md#history) does not know it. `""` stands for every other model.
    """
    TITLE = optional_callable()
    """[Names a conversation](chat.md#titles) after its first answer. `None`: it keeps the first
    words of its first question.
    """
    ADOPT_ON_LOGIN = flag(default=True)
    """Whether what a stranger asked belongs to the user who then logs in with the same session."""
    CHECKPOINT_INTERVAL = seconds(2)
    """How often a running answer is saved. That much text is lost if its process is killed; a stop
    that arrives at another process takes that long.
    """
    PENDING_TIMEOUT = seconds(60)
    """How long an answer that nobody comes to read blocks its conversation."""
    RECORDER = Setting[Mapping[str, Any]](
        {"BACKEND": "mindwave_django.recorder.MessageRecorder"},
        lambda value: isinstance(value, Mapping),
        "a dict with BACKEND and, if needed, OPTIONS",
    )
    """What [saves answers](saving.md#a-recorder-of-your-own)."""


class Tracing(Group):
    """What traces say, and what the ledger keeps: MINDWAVE['TRACING']."""

    CAPTURE_CONTENT = flag(default=False)
    """Let [traces](tracing.md#content) hold prompts and answers."""
    REDACT = optional_callable()
    """What each text passes before it gets into a trace."""
    RECORD = flag(default=False)
    """Keep a row for each call to a provider, also of your own views and commands. The chat keeps
    one always.
    """


class RateLimitSettings:
    """The settings of django-ratelimit that what counts here has to obey too."""

    @property
    def cache(self) -> str:
        """The alias of the cache that counts."""
        return str(getattr(settings, "RATELIMIT_USE_CACHE", "default"))

    @property
    def fail_open(self) -> bool:
        """Whether everybody is let in while the cache is down; by default nobody is."""
        return bool(getattr(settings, "RATELIMIT_FAIL_OPEN", False))

    @property
    def ipv4_mask(self) -> int:
        """How many bits of an IPv4 address make a visitor."""
        return int(getattr(settings, "RATELIMIT_IPV4_MASK", 32))

    @property
    def ipv6_mask(self) -> int:
        """How many bits of an IPv6 address make a visitor: providers give away whole networks."""
        return int(getattr(settings, "RATELIMIT_IPV6_MASK", 64))


class Root(Group):
    """MINDWAVE itself."""

    STREAMING = Streaming("STREAMING")
    CHAT = Chat("CHAT")
    TRACING = Tracing("TRACING")

    DRIVERS = Setting[Mapping[str, Any]](
        {"default": {"BACKEND": "mindwave_django.drivers.demo.DemoDriver"}},
        lambda value: isinstance(value, Mapping),
        "a dict of aliases",
    )
    """The [drivers](drivers.md), each with its `BACKEND` and `OPTIONS`, which become keyword
    arguments of the class. `default` has to be there; it answers where no alias is named.
    """
    CLIENT_IP = Setting[Any](
        None,
        _is_client_ip,
        "None, a dict with HEADER and the number of TRUSTED_PROXIES, a dotted path or a callable",
    )
    """From which address a request comes: see [Limits](limits.md#behind-a-proxy). `None`: the
    address of the connection.
    """
    PRICING = prices()
    """What tokens cost: see [Prices](#pricing)."""
    LOG_CONTENT = flag(default=False)
    """Also log a provider's own words and the messages of unexpected exceptions. They may repeat
    prompts: see [Security](security.md#what-is-never-logged).
    """
    PROBE = flag(default=False)
    """Let [`mindwave_doctor`](commands.md#mindwave_doctor) probe this site. A probe asks no model
    and needs a signature by the site's `SECRET_KEY`; it holds a connection. Switch it on to look,
    and off again.
    """

    @classmethod
    def known(cls) -> set[str]:
        """Return the settings of this dict and the names of the dicts inside it."""
        return super().known() | {
            key for key, value in vars(cls).items() if isinstance(value, Group)
        }

    def groups(self) -> Iterator[Group]:
        """Yield this group and those inside it."""
        yield self
        yield from (value for value in vars(type(self)).values() if isinstance(value, Group))


mindwave_settings = Root()
ratelimit_settings = RateLimitSettings()
