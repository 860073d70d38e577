"""A Bot API stand-in as strict as Telegram, and a crowd of employees, for demo, tests and benchmarks."""
