"""The command `fleet`, for operators."""
