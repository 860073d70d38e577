"""Updates on their way to the bot: the queues, the webhook with its retries, and getUpdates."""
