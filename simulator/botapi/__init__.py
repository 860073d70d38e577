"""The Bot API: reading a request, the rules of each method, the flood limits, and the errors in Telegram's words."""
