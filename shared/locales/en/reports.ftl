# Months come as text: $month is 2026-11 where people write it, and in words in the caption.
report-usage =
    🤔 I know no such month or office. Write it like this:
    /report { $month }
    For one office only: /report { $month } Name of the office
report-future = That month has not begun yet. This month's report: /report { $month }
report-wait = ⏳ I can make three files a minute. Please ask again in a little while.
report-failed = 😔 The file could not be made. Please ask again in a little while.
report-too-large = 📦 This report is too large. Ask for one office: /report { $month } Name of the office
report-caption = 📊 Attendance: { $month }, { $people ->
        [one] { $people } person
       *[other] { $people } people
    }
report-file = attendance-{ $month }.xlsx

report-sheet-month = Month
report-sheet-events = Events
report-sheet-totals = Totals
report-column-name = Name
report-column-id = ID
report-column-office = Office
report-column-zone = Time zone
report-column-workday = Working day
report-column-event = Event
report-column-sent = Sent
report-column-received = Received
report-column-place = Place
report-column-fence = At the office
report-column-distance = To the office, m
report-column-accuracy = Accuracy, m
report-column-remarks = Worth a look
report-column-due = Days due
report-column-present = Days present
report-column-worked = Hours worked
report-column-lates = Times late
report-column-late = Time late
report-column-excused = Excused lates
report-column-absences = Days absent
report-column-forgotten = Missing check-outs
report-nobody = (deleted person)
report-absent = A

report-legend-worked = Time worked, hours:minutes
report-legend-late = Late (not where it is excused)
report-legend-forgotten = Check-out missing: those hours are not counted
report-legend-here = Still at work
report-legend-absent = Absent
report-legend-off = Day off

report-event-arrived = Arrival
report-event-left = Departure
report-event-repeated = Repeated
report-event-undone = Departure, undone
report-event-evidence = Live location, later look
report-event-undo = Departure taken back
report-event-correction = Correction
report-event-amnesty = Lateness excused

report-fence-inside = inside
report-fence-outside = outside
report-fence-uncertain = not clear

report-outside = outside all offices: { $metres } m from the nearest, { $office }
report-same-point = at the very same point on { $days ->
        [one] { $days } other day
       *[other] { $days } other days
    } of the month
report-same-point-others = { $people ->
        [one] { $people } other person was
       *[other] { $people } other people were
    } at the very same point this month
report-speed = { $speed } km/h from the place before to this one
report-corrected = corrected to { $arrived }–{ $left }
report-by = decided by { $name }
report-reason = reason: { $reason }

mydata-caption = 🔐 This file holds all that we keep about you. Show it only to people whom you trust.
mydata-file = my-data-{ $date }.json
