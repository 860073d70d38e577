"""Measurements that people can repeat: ours beside what others would do, in one run, judged at Telegram's end."""
