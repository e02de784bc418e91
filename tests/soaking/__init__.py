"""The parts of `tests/soak.py`: what is asked, who asks, who answers, and what must hold."""
