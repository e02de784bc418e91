"""A text that grows, those who read it, and the task that writes it."""
