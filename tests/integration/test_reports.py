"""The month as a file: what each cell says, who is in it, and what a hostile name can do to it (nothing)."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from aio_pika.abc import AbstractConnection

from tests.integration.desk_side import DeskSide
from tests.integration.report_side import ReportSide, assigned, employee, report_side, row_of, sheets, table
from tests.integration.staff import BAKU_OFFICE, LONG_AGO, office

ADMIN, LEMAN, ANAR = 31, 5_100_000_007, 12
JULY_6 = datetime(2026, 7, 6, 5, 0, tzinfo=UTC)
"""A Monday, 09:00 in Baku; everybody is due at 11:00."""


@pytest.fixture
async def reports(worker: DeskSide, queues: AbstractConnection, database_url: str) -> AsyncIterator[ReportSide]:
    """A worker with its reports; an admin, and Ləman, who works in the only office."""
    async with report_side(worker, queues, database_url) as side:
        first = await office(worker, "Baş ofis")
        await employee(worker, ADMIN, "Admin", role="admin")
        await employee(worker, LEMAN, "Ləman Əliyeva", works=[first])
        yield side


async def at(worker: DeskSide, moment: datetime, *, who: int = LEMAN, point: tuple[float, float] = BAKU_OFFICE) -> None:
    """Somebody sends a location at that moment."""
    worker.now = moment
    await worker.tap(*point, person=who, horizontal_accuracy=5.0)


async def a_day(worker: DeskSide, arrived: datetime, hours: float, *, who: int = LEMAN) -> None:
    """Somebody comes, and goes some hours later."""
    await at(worker, arrived, who=who)
    await at(worker, arrived + timedelta(hours=hours), who=who)


def after(reports: ReportSide, days: float = 20) -> None:
    """Let the month go on."""
    reports.worker.now = JULY_6 + timedelta(days=days)


def day_column(day: int) -> int:
    """Where a day of the month is in the matrix: after name and office."""
    return 1 + day


async def test_a_month_is_a_matrix_of_people_and_days_with_real_dates_and_durations(reports: ReportSide) -> None:
    await a_day(reports.worker, JULY_6, 9.25)
    after(reports)
    matrix, _, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    heading = [cell.value for cell in matrix[1]]
    assert heading[:2] == ["Ad", "Ofis"]
    assert heading[2:] == [datetime(2026, 7, day) for day in range(1, 32)]  # noqa: DTZ001 - Excel knows no zones
    assert matrix[1][2].number_format == "dd.mm"
    assert [cell.value for cell in matrix[2]][day_column(6)] == "B.e."
    leman = row_of(matrix, "Ləman Əliyeva")
    assert leman[1].value == "Baş ofis"
    assert leman[day_column(6)].value == timedelta(hours=9, minutes=15)
    assert leman[day_column(6)].number_format == "[h]:mm"
    assert matrix.freeze_panes == "B3"
    assert matrix.column_dimensions["A"].width > 20


async def test_someone_late_is_marked_and_someone_excused_is_not(reports: ReportSide) -> None:
    worker = reports.worker
    await employee(worker, ANAR, "Anar")
    for who in (LEMAN, ANAR):
        await a_day(worker, JULY_6 + timedelta(hours=2, minutes=12), 6, who=who)
    await worker.rows("UPDATE sessions SET excused = true WHERE user_id = $1", ANAR)
    after(reports)
    matrix, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    late, excused = (row_of(matrix, name)[day_column(6)] for name in ("Ləman Əliyeva", "Anar"))
    assert late.value == excused.value == timedelta(hours=6)
    assert late.number_format == '[h]:mm" !"'
    assert late.fill.fgColor.rgb == "FFFFD966"
    assert excused.number_format == "[h]:mm"
    assert excused.fill.fill_type is None
    sums = {row["Ad"]: row for row in table(totals)}
    assert (sums["Ləman Əliyeva"]["Gecikmələr"], sums["Anar"]["Gecikmələr"]) == (1, 0)
    assert (sums["Ləman Əliyeva"]["Üzrlü gecikmələr"], sums["Anar"]["Üzrlü gecikmələr"]) == (0, 1)
    assert sums["Ləman Əliyeva"]["Gecikmə vaxtı"] == timedelta(minutes=12)
    assert sums["Anar"]["Gecikmə vaxtı"] == timedelta()


async def test_a_forgotten_checkout_is_marked_and_never_counted_as_hours(reports: ReportSide) -> None:
    await a_day(reports.worker, JULY_6, 3)
    await at(reports.worker, JULY_6 + timedelta(hours=4))
    await a_day(reports.worker, JULY_6 + timedelta(days=1), 8)
    await at(reports.worker, JULY_6 + timedelta(days=2))
    after(reports)
    matrix, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    monday, tuesday, wednesday = row_of(matrix, "Ləman Əliyeva")[day_column(6) : day_column(9)]
    assert (monday.value, monday.number_format) == (timedelta(hours=3), '[h]:mm" ?"')
    assert (tuesday.value, tuesday.number_format) == (timedelta(hours=8), "[h]:mm")
    assert (wednesday.value, wednesday.number_format) == (timedelta(), '[h]:mm" ?"')  # open in the table still
    (sums,) = [row for row in table(totals) if row["Ad"] == "Ləman Əliyeva"]
    assert sums["Qeyd edilməyən gedişlər"] == 2
    assert sums["İş saatları"] == timedelta(hours=11)
    assert sums["Gəldiyi günlər"] == 3


async def test_who_is_at_work_still_is_shown_so_without_hours(reports: ReportSide) -> None:
    await at(reports.worker, JULY_6)
    reports.worker.later(hours=3)
    matrix, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    cell = row_of(matrix, "Ləman Əliyeva")[day_column(6)]
    assert (cell.value, cell.number_format) == (timedelta(), '[h]:mm" …"')
    (sums,) = [row for row in table(totals) if row["Ad"] == "Ləman Əliyeva"]
    assert (sums["İş saatları"], sums["Qeyd edilməyən gedişlər"]) == (timedelta(), 0)


async def test_absences_are_marked_and_days_off_shaded(reports: ReportSide) -> None:
    worker = reports.worker
    await worker.rows("INSERT INTO absences VALUES ($1, '2026-07-07'), ($1, '2026-07-08')", LEMAN)
    await a_day(worker, JULY_6 + timedelta(days=2), 8)  # came all the same
    await worker.rows("INSERT INTO holidays VALUES ('2026-07-09', true, 'Şirkətin günü')")
    await worker.rows("INSERT INTO holidays VALUES ('2026-07-11', false, 'İş şənbəsi')")
    after(reports)
    matrix, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    row = row_of(matrix, "Ləman Əliyeva")
    absent = row[day_column(7)]
    assert (absent.value, absent.fill.fgColor.rgb) == ("Q", "FFF4B6B6")
    assert row[day_column(8)].value == timedelta(hours=8)
    shaded = {day for day in range(1, 32) if row[day_column(day)].fill.fgColor.rgb == "FFD9D9D9"}
    assert shaded == {4, 5, 9, 12, 18, 19, 25, 26}
    (sums,) = [each for each in table(totals) if each["Ad"] == "Ləman Əliyeva"]
    assert sums["Gəlmədiyi günlər"] == 1


async def test_days_due_are_counted_so_far_and_since_somebody_came_to_the_company(reports: ReportSide) -> None:
    await employee(reports.worker, ANAR, "Anar", since=datetime(2026, 7, 8, 20, 0, tzinfo=UTC))
    reports.worker.now = datetime(2026, 7, 14, 7, 30, tzinfo=UTC)  # a Tuesday, half an hour after the deadline
    _, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    due = {row["Ad"]: row["İş günləri"] for row in table(totals)}
    assert due == {"Admin": 10, "Anar": 4, "Ləman Əliyeva": 10}


async def test_a_night_shift_is_the_day_on_which_it_began_on_the_persons_own_clock(reports: ReportSide) -> None:
    worker = reports.worker
    berlin = await office(worker, "Berlin", (52.52, 13.405), zone="Europe/Berlin")
    await employee(worker, ANAR, "Anar", works=[berlin])
    await assigned(worker, ANAR, (time(22), time(6)))
    evening = datetime(2026, 7, 31, 19, 58, tzinfo=UTC)  # 21:58 in Berlin, the last evening of the month
    for moment in (evening, evening + timedelta(hours=8, minutes=5)):
        await at(worker, moment, who=ANAR, point=(52.52, 13.405))
    after(reports, 40)
    matrix, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    assert row_of(matrix, "Anar")[day_column(31)].value == timedelta(hours=8, minutes=5)
    assert [(row["İş günü"], row["Qeyd"], row["Göndərilib"], row["Saat qurşağı"]) for row in table(events)] == [
        (datetime(2026, 7, 31), "Gəliş", datetime(2026, 7, 31, 21, 58), "Europe/Berlin"),  # noqa: DTZ001 - as above
        (datetime(2026, 7, 31), "Gediş", datetime(2026, 8, 1, 6, 3), "Europe/Berlin"),  # noqa: DTZ001 - as above
    ]
    matrix, events, _ = sheets(await reports.workbook("2026-08", person=ADMIN))
    assert row_of(matrix, "Anar")[day_column(1)].value is None
    assert table(events) == []


async def test_the_events_say_what_each_was_when_and_where(reports: ReportSide) -> None:
    worker = reports.worker
    await at(worker, JULY_6)
    await at(worker, JULY_6 + timedelta(seconds=20))
    await at(worker, JULY_6 + timedelta(hours=1))
    await worker.press(f"undo:{int(worker.now.timestamp())}:{worker.last_update}", person=LEMAN)
    await at(worker, JULY_6 + timedelta(hours=9))
    after(reports)
    _, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    rows = table(events)
    assert [row["Qeyd"] for row in rows] == [
        "Gəliş",
        "Təkrar qeyd",
        "Ləğv edilmiş gediş",
        "Gedişin ləğvi",
        "Gediş",
    ]
    first = rows[0]
    assert first["Göndərilib"] == datetime(2026, 7, 6, 9, 0)  # noqa: DTZ001 - Excel knows no zones
    assert first["Çatıb"] == datetime(2026, 7, 6, 9, 0, 1)  # noqa: DTZ001 - as above
    assert (first["Yer"], first["Ofisdə"], first["Ofisə, m"]) == ("Baş ofis", "ofisdə", 0)
    assert events["D2"].number_format == "dd.mm.yyyy hh:mm:ss"
    assert events["B2"].number_format == "dd.mm.yyyy"
    assert events.auto_filter.ref == "A1:K6"


async def test_a_correction_stands_at_the_day_that_it_is_about_with_who_decided_and_why(reports: ReportSide) -> None:
    worker = reports.worker
    await worker.rows(
        "INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at, workday, arrived_at, left_at, "
        "actor_id, reason) VALUES ($1, '2026-08-02T10:00Z', 900, 'correction', now(), '2026-07-30', "
        "'2026-07-30T05:00Z', '2026-07-30T14:00Z', $2, 'Telefonum sönmüşdü')",
        LEMAN,
        ADMIN,
    )
    after(reports, 40)
    _, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    (row,) = table(events)
    assert row["Qeyd"] == "Düzəliş"
    assert row["İş günü"] == datetime(2026, 7, 30)  # noqa: DTZ001 - Excel knows no zones
    assert row["Diqqət üçün"] == "09:00–18:00 kimi düzəldilib; qərar: Admin; səbəb: Telefonum sönmüşdü"
    _, events, _ = sheets(await reports.workbook("2026-08", person=ADMIN))
    assert table(events) == []


async def test_the_very_same_point_is_told_with_the_other_days_and_other_people_of_the_month(
    reports: ReportSide,
) -> None:
    worker = reports.worker
    await employee(worker, ANAR, "Anar")
    await a_day(worker, JULY_6, 8)
    await at(worker, JULY_6 + timedelta(days=1))
    await at(worker, JULY_6 + timedelta(days=2), point=(40.371712, 49.850501))
    await at(worker, JULY_6 + timedelta(days=1), who=ANAR)
    after(reports)
    _, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    said = [(row["Ad"], row["Diqqət üçün"]) for row in table(events)]
    own, others = "bu ay daha 1 gün tam eyni nöqtədə olub", "bu ay daha 1 nəfər tam eyni nöqtədə olub"
    leman = [("Ləman Əliyeva", f"{own}; {others}")] * 3 + [("Ləman Əliyeva", None)]
    assert said == [("Anar", others), *leman]


async def test_points_that_were_made_coarse_are_the_same_for_many_and_say_nothing(reports: ReportSide) -> None:
    await employee(reports.worker, ANAR, "Anar")
    for days in (0, 1):
        for who in (LEMAN, ANAR):
            await at(reports.worker, JULY_6 + timedelta(days=days), who=who)
    await reports.worker.rows("UPDATE attendance_events SET coarse = true, latitude = 40.37, longitude = 49.85")
    after(reports)
    _, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    assert {row["Diqqət üçün"] for row in table(events)} == {None}


async def test_a_speed_at_which_nobody_travels_and_a_place_outside_are_told(reports: ReportSide) -> None:
    await at(reports.worker, JULY_6)
    await at(reports.worker, JULY_6 + timedelta(hours=1), point=(40.6828, 46.3606))  # Gəncə, 296 km
    await at(reports.worker, JULY_6 + timedelta(hours=8), point=(40.6828, 46.3607))
    after(reports)
    _, events, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    baku, ganja, still_ganja = (str(row["Diqqət üçün"]) for row in table(events))
    assert baku == "None"
    assert ganja.startswith("ofislərdən kənarda: ən yaxını «Baş ofis», 29")
    assert ganja.endswith("km/saat")
    assert "əvvəlki yerdən bura sürət 29" in ganja
    assert "km/saat" not in still_ganja


async def test_who_left_the_company_is_in_the_months_in_which_they_worked(reports: ReportSide) -> None:
    worker = reports.worker
    await employee(worker, ANAR, "Anar")
    await a_day(worker, JULY_6, 8, who=ANAR)
    await employee(worker, ANAR, "Anar", status="inactive")
    after(reports, 40)
    _, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    (anar,) = [row for row in table(totals) if row["Ad"] == "Anar"]
    assert (anar["İş saatları"], anar["İş günləri"]) == (timedelta(hours=8), None)
    _, _, totals = sheets(await reports.workbook("2026-08", person=ADMIN))
    assert {row["Ad"] for row in table(totals)} == {"Admin", "Ləman Əliyeva"}


async def test_somebody_who_was_forgotten_is_hours_without_a_name(reports: ReportSide) -> None:
    worker = reports.worker
    await a_day(worker, JULY_6, 8)
    await worker.rows(
        "UPDATE employees SET user_id = -1, full_name = '', official_name = NULL, status = 'forgotten' "
        "WHERE user_id = $1",
        LEMAN,
    )
    after(reports)
    _, _, totals = sheets(await reports.workbook("2026-07", person=ADMIN))
    assert ("(silinmiş şəxs)", timedelta(hours=8)) in {(row["Ad"], row["İş saatları"]) for row in table(totals)}


HEADINGS = {
    "az": ("Cədvəl", "Qeydlər", "Yekun", "Ad", "dd.mm.yyyy"),
    "en": ("Month", "Events", "Totals", "Name", "yyyy-mm-dd"),
    "ru": ("Табель", "Отметки", "Итоги", "Имя", "dd.mm.yyyy"),
    "tr": ("Çizelge", "Kayıtlar", "Toplam", "Ad", "dd.mm.yyyy"),
}


@pytest.mark.parametrize(("language", "said"), HEADINGS.items())
async def test_the_file_speaks_the_language_of_whoever_asked(
    reports: ReportSide, language: str, said: tuple[str, ...]
) -> None:
    await at(reports.worker, JULY_6)
    workbook = await reports.workbook("2026-07", person=ADMIN, language=language)
    assert (*workbook.sheetnames, workbook.worksheets[0]["A1"].value) == said[:4]
    assert workbook.worksheets[1]["B2"].number_format == said[4]
    headings = {cell.value for sheet in workbook.worksheets for cell in sheet[1]}
    others = {each for sheet in workbook.worksheets for each in (sheet.title,)}
    assert None not in headings
    assert len(others) == 3


HOSTILE = (
    "=CMD()",
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "<b>Əli</b> & <script>",
    "*_Əli_* [x](tg://user?id=1)",
    "\u202eilƏ\u202c",
    "http://evil.example/",
    "{=1+1}",
    "ə" * 4000,
    "_x0041_&#65;",
    "  '=1+1",
    "1e5",
)


async def test_no_name_becomes_a_formula_a_link_or_anything_but_a_text(reports: ReportSide) -> None:
    worker = reports.worker
    for number, name in enumerate(HOSTILE, 100):
        await employee(worker, number, "?")
        await at(worker, JULY_6, who=number)
        await worker.rows("UPDATE employees SET official_name = $2 WHERE user_id = $1", number, name)
    await worker.rows("UPDATE attendance_events SET address = '=CMD()', reason = '=CMD()', fence = 'outside'")
    await worker.rows("UPDATE offices SET name = '=CMD()'")
    after(reports)
    workbook = await reports.workbook("2026-07", person=ADMIN)
    matrix, _, _ = sheets(workbook)
    names = {row[0].value for row in matrix.iter_rows(min_row=3)}
    assert {"=CMD()", "-2+3", "@SUM(A1)", "<b>Əli</b> & <script>", "ilƏ", "ə" * 64, "1e5"} <= names
    for sheet in workbook.worksheets:
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"s", "n", "d"}, "no formula anywhere"
        assert all(cell.data_type == "s" for cell in cells if isinstance(cell.value, str))
        assert not any(cell.hyperlink for cell in cells)


async def test_a_hostile_name_that_comes_from_telegram_is_one_plain_line(reports: ReportSide) -> None:
    worker = reports.worker
    worker.now = JULY_6
    for number, name in enumerate(("=CMD()\x00\n<b>", "\u202e" * 9), 200):
        await worker.write({"text": "?"}, person=number, first_name=name)
    await worker.rows("UPDATE employees SET enrolled_at = $1", LONG_AGO)
    after(reports)
    matrix, _, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    assert {"=CMD() <b>", "?"} <= {row[0].value for row in matrix.iter_rows(min_row=3)}


async def test_an_empty_month_is_a_file_with_headings_only(reports: ReportSide) -> None:
    after(reports)
    await reports.worker.rows("UPDATE employees SET enrolled_at = $1", LONG_AGO + timedelta(days=100))
    matrix, events, totals = sheets(await reports.workbook("2020-02", person=ADMIN))
    assert [cell.value for cell in matrix[1]][-1] == datetime(2020, 2, 29)  # noqa: DTZ001 - Excel knows no zones
    assert (table(events), table(totals)) == ([], [])


async def test_a_schedule_that_changes_within_the_month_counts_from_its_first_day(reports: ReportSide) -> None:
    await assigned(reports.worker, LEMAN, (time(9), time(18)), date(2026, 7, 15))
    after(reports)
    matrix, _, _ = sheets(await reports.workbook("2026-07", person=ADMIN))
    row = row_of(matrix, "Ləman Əliyeva")
    shaded = {day for day in range(1, 32) if row[day_column(day)].fill.fgColor.rgb == "FFD9D9D9"}
    assert shaded == {4, 5, 11, 12}
