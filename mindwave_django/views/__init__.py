"""The shipped views: streams and whole answers of single prompts, and the chat."""
