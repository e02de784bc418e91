"""Many calls at once, made by PostgreSQL itself, and what it says about a query."""

from __future__ import annotations

from django.db import connection

PEOPLE = 1000

FILL = """
INSERT INTO mindwave_django_providercall (
    id, owner, driver, provider, model, outcome, error_code, input_tokens, output_tokens,
    cached_input_tokens, reasoning_tokens, usage_source, cost, started_at, ended_at,
    time_to_first_token, trace_id
)
SELECT
    gen_random_uuid(), 'u:' || floor(%(people)s * random() * random()),
    CASE WHEN n %% 10 < 8 THEN 'default' ELSE 'local' END, 'openai',
    (ARRAY['small', 'small', 'small', 'large', 'mini'])[1 + n %% 5],
    CASE n %% 50 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'completed' END, '',
    NULLIF((random() * 5000)::int, 0), NULLIF((random() * 1000)::int, 0), 0, 0, 'reported',
    CASE WHEN n %% 10 < 9 THEN random() / 100 END, ended - interval '5 seconds', ended,
    CASE n %% 50 WHEN 0 THEN NULL ELSE 0.2 - ln(1 - random()) / 2 END, ''
FROM (
    -- One after the other, as calls end.
    SELECT n, now() - (%(calls)s - n)::float / %(calls)s * %(days)s * interval '1 day' AS ended
    FROM generate_series(1, %(calls)s) AS n
) AS made
"""


def add_calls(calls: int, days: int) -> None:
    """Add calls spread over the days until now."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"calls": calls, "days": days, "people": PEOPLE})
        cursor.execute("ANALYZE")


def plan_of(sql: str) -> str:
    """Return how PostgreSQL carries a query out, with the rows that it read."""
    if not sql.startswith("SELECT"):
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}".replace("%", "%%"), [])
        return "\n".join(line for (line,) in cursor.fetchall())
