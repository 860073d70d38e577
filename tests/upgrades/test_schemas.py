"""Which changes of a schema the programs of the release before do not survive."""

from tests.upgrades.schemas import Column, Schema, breaks


def test_what_breaks_a_schema_is_told() -> None:
    text, number = Column("text", nullable=True, filled=False), Column("int8", nullable=False, filled=True)
    bare = Column("int8", nullable=False, filled=False)
    before = Schema({("t", "a"): text, ("t", "b"): number}, frozenset({"CREATE UNIQUE INDEX i ON public.t (b)"}))
    assert breaks(before, before) == []
    more = {**before.columns, ("t", "c"): text, ("t", "d"): number, ("u", "x"): bare}
    assert breaks(before, Schema(more, before.unique | {"CREATE UNIQUE INDEX j ON public.u (x)"})) == []
    worse = Schema(
        {("t", "a"): bare, ("t", "b"): bare, ("t", "c"): bare}, frozenset({"CREATE UNIQUE INDEX k ON public.t (a)"})
    )
    assert breaks(before, worse) == [
        "t.a was text and is int8",
        "t.b has no default any more",
        "t.c is new and has no default",
        "gone: CREATE UNIQUE INDEX i ON public.t (b)",
        "unique is new: CREATE UNIQUE INDEX k ON public.t (a)",
    ]
    tight = Schema({("t", "a"): Column("text", nullable=False, filled=True)}, before.unique)
    assert breaks(before, tight) == ["t.a takes no null any more", "t.b is gone"]
