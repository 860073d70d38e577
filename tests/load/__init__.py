"""A load on the webhook: users of locust post what a company's people do; what was taken must be recorded once."""
