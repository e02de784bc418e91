"""Finds out why answers do not stream: settings, middleware, and the way to a browser."""
