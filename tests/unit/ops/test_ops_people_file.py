import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.people_file import Entry, Known, entries
from ops.terminal import Refused

KNOWN = Known({"Baş ofis": 1, "Gənclik": 2}, {"night": 7})


def read(text: str | bytes) -> list[Entry]:
    return entries(text if isinstance(text, bytes) else text.encode(), KNOWN)


def wrong(text: str | bytes) -> list[str]:
    with pytest.raises(Refused) as refusal:
        read(text)
    return list(refusal.value.problems)


def test_a_file_is_read_with_every_column_in_any_order() -> None:
    assert read(
        "full_name,user_id,schedule,offices,language,role\n  Ləman  Əliyeva ,5,night,Gənclik; Baş ofis,RU,Manager\n"
    ) == [Entry(5, "Ləman Əliyeva", "manager", (2, 1), 7, "ru")]


def test_the_optional_columns_and_cells_may_be_missing() -> None:
    unsaid = Entry(5, "Ləman", None, (), None, None)
    assert read("user_id,full_name\n5,Ləman") == [unsaid]
    assert read("user_id,full_name,role,offices,schedule,language\n5,Ləman,,,,\n") == [unsaid]


@pytest.mark.parametrize(
    "text", ["user_id,full_name\n5,Ləman\n", "user_id;full_name\r\n5;Ləman\r\n", "\nUser_ID,full_name\r5,Ləman"]
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_it_may_come_with_a_byte_order_mark_with_other_line_ends_and_with_semicolons(text: str, mark: bytes) -> None:
    assert read(mark + text.encode()) == [Entry(5, "Ləman", None, (), None, None)]


@pytest.mark.parametrize(
    "cell", ["=CMD()", "@SUM(1)", "+1+1", "-2", "<b>Əli</b>", "{ $name }", "Robert'); DROP TABLE employees;--"]
)
def test_what_looks_like_a_formula_or_a_statement_is_a_name(cell: str) -> None:
    assert read(f'user_id,full_name\n5,"{cell}"\n')[0].name == cell


def test_a_name_becomes_one_plain_line() -> None:
    assert read('user_id,full_name\n5,"Ləman\n\u202eƏliyeva\u200b"\n')[0].name == "Ləman Əliyeva"


def test_all_that_is_wrong_is_told_at_once_each_with_its_line() -> None:
    text = """user_id,full_name,role,offices,schedule,language
5,Ləman,boss,Baş ofis,night,az
0,"",employee,,,
5100000000000000000000,Əli,,Mars;Gənclik;Venera,,
7,"a name
of two lines",,,day,
7,Vüqar,,,,xx

9,Tural,,,,
9,Tural,,,,
10,Too,few
5.1E+09,Elçin,,,,
"""
    assert wrong(text) == [
        "line 2: role 'boss': must be employee, manager, admin, or empty",
        "line 3: user_id '0' is no Telegram id: digits only, such as 5100000007",
        "line 3: full_name is empty: every person needs one",
        "line 4: user_id '5100000000000000000000' is no Telegram id: digits only, such as 5100000007",
        "line 4: there is no office 'Mars': see `fleet office list`, add it with `fleet office add`",
        "line 4: there is no office 'Venera': see `fleet office list`, add it with `fleet office add`",
        "line 5: there is no schedule 'day': see `fleet schedule list`, add it with `fleet schedule add`",
        "line 7: language 'xx': must be az, en, ru, tr, or empty",
        "line 10: user_id 9 stands in line 9 already: leave one of them",
        "line 11: 3 cells under 6 columns: a cell with a comma in it needs quotation marks",
        "line 12: user_id '5.1E+09' is no Telegram id: digits only, such as 5100000007",
    ]


@pytest.mark.parametrize(
    "cell", ["", "-5", "+5", "5 5", "\u0665", "\uff15", "5.0", "0x5", "9" * 16, "five", "4503599627370496"]
)
def test_what_is_no_telegram_id_is_refused(cell: str) -> None:
    assert wrong(f"user_id,full_name\n{cell},Ləman\n")[0].startswith("line 2: user_id ")


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "?", "\t"])
def test_a_person_without_a_name_is_refused(name: str) -> None:
    assert wrong(f'user_id,full_name\n5,"{name}"\n') == ["line 2: full_name is empty: every person needs one"]


def test_a_name_of_four_thousand_characters_is_refused_and_not_repeated() -> None:
    assert wrong(f"user_id,full_name\n5,{'ə' * 4000}\n") == ["line 2: full_name has 4000 characters: 64 at most"]


def test_what_is_wrong_is_shown_in_one_short_line() -> None:
    text = f'user_id,full_name,offices\n"{"x" * 4000}",Ləman,"Mars\x1b[31m\nVenera"\n'
    assert all(len(problem) < 200 and problem.isprintable() for problem in wrong(text))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1: the file is empty; the first line names the columns: user_id, full_name, role, offices"),
        (b"\xef\xbb\xbf\n  \n", "line 1: the file is empty; "),
        (b"user_id,full_name\n", "the file holds no people, only the names of the columns"),
        (b"user_id,full_name\n5,L\xc9man\n", "line 2: not UTF-8: save the file as `CSV UTF-8`"),
        ("user_id,full_name\n5,Ləman\n".encode("utf-16"), "line 1: not UTF-8: "),
        (b"user_id,full_name\n5,L\0man\n", "line 2: a NUL byte: save the file as `CSV UTF-8`"),
        (b'user_id,full_name\n5,"Leman\n6,Ali\n', "line 2: no CSV (unexpected end of data): "),
        (b'user_id,full_name\n5,"Leman" x\n6,Ali\n', "line 2: no CSV ("),
        (b"user_id,full_name\n5," + b"x" * 200_000, "line 2: "),
        (b"name,user_id,user_id\n", "line 1: there is no column 'name': the columns are user_id, full_name, role, "),
        (b'"user_id\n', "line 1: no CSV (unexpected end of data)"),
    ],
)
def test_a_file_that_is_no_table_of_people_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    assert wrong(data)[0].startswith(said)


def test_wrong_columns_are_told_all_at_once() -> None:
    assert wrong(b"name,user_id,user_id\n")[1:] == [
        "line 1: column 'user_id' stands there twice",
        "line 1: column 'full_name' is missing",
    ]


@given(st.binary() | st.text().map(str.encode) | st.text().map(lambda text: b"user_id,full_name\n" + text.encode()))
def test_whatever_a_file_holds_it_is_read_or_refused(data: bytes) -> None:
    try:
        assert all(entry.name.isprintable() and entry.user_id > 0 for entry in entries(data, KNOWN))
    except Refused as refusal:
        assert refusal.problems  # noqa: PT017 - either is right
