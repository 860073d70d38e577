"""Files that take time: a month of attendance, and a person's own data.

They are asked for by a message, and made in a process of their own: its memory goes back when it ends, and check-ins do
not share an interpreter with it.
"""
