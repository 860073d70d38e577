"""The door: takes Telegram's updates in and answers 200 once RabbitMQ holds them. Knows no domain and no database."""
