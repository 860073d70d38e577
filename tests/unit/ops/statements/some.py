"""Statements of every shape, for the reader of statements."""

UPSERT = """
INSERT INTO one (a) VALUES (1) -- DELETE FROM one
ON CONFLICT (a) DO UPDATE SET a = 2
"""
LOCKED = ("SELECT FROM two t JOIN four f USING (a) WHERE t.a = 1 FOR UPDATE OF t SKIP LOCKED",)
GONE = {"a": "DELETE FROM three USING four WHERE three.a = four.a"}
