"""The command: a morning played through, and every promise judged by what was seen from outside."""
