# Times come as text, on the clock of the place; $worked, $late, $by and $so_far as text made by duration-hours or
# duration-minutes.
today-title = 📅 { DATETIME($date, dateStyle: "full") }
today-shift = 🗓 Shift: { $starts }–{ $ends }; late after { $deadline }.
today-off = 🌙 A day off.
today-nothing = Nothing is recorded today yet.
today-missing = 🔴 Your arrival has not been recorded yet.
today-late = 🟠 Late by { $by }
today-excused = 🟢 Late by { $by }, excused
today-on-time = 🟢 On time
today-earlier =
    { $stays ->
        [one] … and { $stays } earlier arrival
       *[other] … and { $stays } earlier arrivals
    }
today-stay = 🚪 { $times } · { $worked }
today-stay-open = 🚪 { $start }–… · still at work: { $so_far }
today-stay-forgotten = ❓ { $start }–… · no check-out, so these hours do not count. Have it corrected: /correct
today-worked = ⏱ Time at work: { $worked }

me-title = 📊 { $month }
me-days = 📅 Days at work: { $present } (days due so far: { $expected })
me-worked = ⏱ Time at work: { $worked }
me-lates =
    { $lates ->
        [0] 🟢 Never late
        [one] 🟠 Late: { $lates } time, { $late } in all
       *[other] 🟠 Late: { $lates } times, { $late } in all
    }
me-excused =
    { $days ->
        [one] 🤝 Excused: late { $days } time
       *[other] 🤝 Excused: late { $days } times
    }
me-absences = 🔴 Days absent: { $days }
me-forgotten =
    { $days ->
        [one] ❓ No check-out on { $days } day: those hours do not count. Have it corrected: /correct
       *[other] ❓ No check-out on { $days } days: those hours do not count. Have them corrected: /correct
    }
me-here = 🚪 Still at work: { $so_far }. It counts when you have left.
me-legend = In the picture, hours by day: 🟩 on time, 🟧 late, ⬜️ grey: day off, ❌ absent, ? no check-out, 🟦 today.

history-title = 🗓 { $first } – { $last }
history-nothing = Nothing is recorded on these days.
history-absent = 🔴 absent
history-nobody = nothing recorded
history-off = 🌙
history-late = 🟠 late by { $by }
history-excused = late by { $by }, excused
history-forgotten = ❓ no check-out
history-older = ◀ Earlier
history-newer = Later ▶

why-nothing = Nothing is recorded of you yet.
why-title = 🔎 { DATETIME($date, dateStyle: "full") }
why-absent = 🔴 Absent: no arrival was recorded that day.
why-no-session = Nothing that was recorded that day counts.
why-no-shift = 🟢 No shift was due that day, so nobody is late.
why-late = 🟠 Late by { $by }
why-late-excused = 🟢 Late by { $by }, excused.
why-on-time = 🟢 On time
why-arrival = ➡️ Arrival: { $time }
why-departure = ⬅️ Departure: { $time }
why-open = ⬅️ No departure yet.
why-forgotten = ⬅️ No check-out; the day ended at { $time }. These hours do not count.
why-by-correction = ✏️ An approved correction set this time.
why-second-look = 📡 The location that you sent at { $time } made it clear:
why-way = 📨 The time at which you sent it counts. It reached us at { $received } and was written down at { $recorded }.
why-inside = 📍 Inside “{ $office }”.
why-outside = 📍 Outside the office; the nearest one is “{ $office }”.
why-uncertain = 📍 Near “{ $office }”; whether inside could not be told.
why-no-office = 📍 There is no office to compare with, so the place was not checked.
why-coarse = The exact place is no longer kept.
why-distance = { $distance } m from its centre, radius { $radius } m, accuracy ±{ $accuracy } m.
why-distance-assumed = { $distance } m from its centre, radius { $radius } m. The phone did not say how accurate it was; ±{ $accuracy } m was assumed.
why-company-hours = the company’s hours
why-schedule = 🗓 Schedule ({ $schedule }): { $starts }–{ $ends }; late after { $deadline }.
why-day-off = 🗓 Schedule ({ $schedule }): a day off.
why-zone = 🌍 Time zone: { $zone }
why-counted = 🧮 Lateness is counted from the start of the shift: { $start } – { $time }.
why-outdated = ℹ️ The schedule or the office was changed since; the verdict is by the earlier rule.
why-amnesty = 🤝 Excused on { DATETIME($date, dateStyle: "medium") }, since your location was long on its way to us.
why-corrected = ✏️ Correction: { $start }–{ $end }. Reason: { $reason }. Approved by { $name } on { DATETIME($date, dateStyle: "medium") }. Your own entries are kept beside it.
why-repeated = ☑️ Repeated locations, counted once: { $times }
why-undone = ↩️ Check-outs that you took back, not counted: { $times }
