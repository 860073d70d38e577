# Times come as text, on the clock of whoever they are about; $by as text made by duration-hours or duration-minutes.
now-title = 👥 { DATETIME($date, dateStyle: "medium") }, { $time }
now-counts =
    🟢 In: { $in } · 🟠 Late: { $late } · 🔴 Missing: { $missing }
    ⏳ Not yet due: { $expected } · 🏁 Left: { $left } · 🌙 Off: { $off }
now-in = 🟢 { $name }: { $arrived }
now-left = 🏁 { $name }: { $arrived }–{ $left }
now-missing = 🔴 { $name }: not here, work began at { $due }
now-expected = ⏳ { $name }: still has time, work begins at { $due }
now-off = 🌙 { $name }: not a working day
now-new = 🆕 { $name }: joined today
now-late = 🟠 late by { $by }
now-excused = late by { $by }, excused
now-came-outside = 📍 was outside the office on arrival
now-came-uncertain = 📍 place on arrival not certain
now-gone-outside = 📍 was outside the office on leaving
now-gone-uncertain = 📍 place on leaving not certain
now-forgotten = ❓ did not check out on { DATETIME($date, dateStyle: "medium") }
now-same-point = 🔎 the very same point on another day too
now-others =
    { $people ->
        [one] 🔎 { $people } other person at the very same point
       *[other] 🔎 { $people } other people at the very same point
    }
now-speed = 🔎 { $speed } km/h between two locations
now-flags = 🔎 is only for your attention: it changes no record and proves nothing.
now-nobody = Nobody here.
now-button-all = Everybody
now-button-in = 🟢 In
now-button-late = 🟠 Late
now-button-missing = 🔴 Missing
now-button-again = 🔄 Refresh

approve-nothing = ✅ Nothing waits for your decision.
approve-waiting =
    { $requests ->
        [one] ⏳ { $requests } request waits for your decision:
       *[other] ⏳ { $requests } requests wait for your decision. The { $shown } oldest:
    }
approve-correct =
    ✏️ { $name }, { DATETIME($date, dateStyle: "medium") }
    Recorded: { $recorded }
    Asked for: { $asked }
    Reason: { $reason }
approve-no-record = nothing
approve-yes = ✅ Approve
approve-no = ❌ Reject

help-employee =
    📍 When you arrive and when you leave, press “{ button-location }”.

    /today – today
    /me – this month: days and hours
    /history – the last 14 days
    /correct – ask for a correction
    /why – why does my record say this?
    /language – language
    /privacy – what is kept about me
    /mydata – my data as a file
    /forget – delete my data
help-manager =
    👥 For managers
    /now – who is in, who is late, who is missing
    /approve – requests that wait for my decision
    /report 2026-11 – the month's report (Excel)
    /invite – an invitation link
    /office – offices
help-admin =
    🔑 For admins
    { office-usage }
