"""Real parts for tests: servers, upstreams, browsers."""
