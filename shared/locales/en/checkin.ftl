# Dates come as $date, times as text, durations as text made by duration-hours or duration-minutes.
start =
    Hello, { $name }! 👋
    When you arrive at work and when you leave, send your location with the button below.
button-location = 📍 Send my location
hint = To check in, press “{ button-location }” on your phone.
use-your-phone = A computer cannot send a location. Please press “{ button-location }” on your phone. 📱
button-stale = This button no longer works.
page-wait = ⏳ Wait a moment, then press again.
late-note = ⏱ This message was delayed.

opened = ✅ You are checked in
closed = ✅ You are checked out
repeated-opened = ☑️ You were already checked in
repeated-closed = ☑️ You were already checked out
undone = ↩️ This entry was undone.
undone-open = ↩️ Check-out undone. You have been at work since { $time }.
repeated-undone = { undone }
confirmed = 📡 Now we see where you are, thank you!
line-name = 👤 { $name }
line-date = 📅 { DATETIME($date, dateStyle: "full") }
line-time = 🕘 { $time }
line-place = 📍 { $place }
line-delayed = ⏳ Sent: { $sent }, recorded: { $recorded }. The time at which you sent it counts.
line-on-time = 🟢 On time
line-late = 🟠 Late by { $by }
line-worked = ⏱ Time at work: { $worked }
line-number = No. { $number }
farewell-opened = Remember to send your location again when you leave.
farewell-closed = Have a good rest!
ask-live = 📡 We could not tell exactly where you are. The entry stands; please confirm it with 📎 ➝ Location ➝ “Share my live location”.
ask-forgotten = ❓ You did not check out on { DATETIME($date, dateStyle: "medium") }. When did you leave? Tell us with the button, or with /correct.
button-left-at = I left at { $time }
button-undo = ↩️ A mistake, I am still at work

undo-nothing = There is no check-out to undo.
undo-too-late = Two minutes have passed. Write /correct to have it corrected.

duration-hours =
    { $minutes ->
        [0] { $hours } h
       *[other] { $hours } h { $minutes } min
    }
duration-minutes =
    { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }

refused-nowhere = There is no such place. Please send it again with “{ button-location }”.
refused-forwarded = A forwarded location does not count. Send your own with “{ button-location }”.
refused-via-bot = A location sent through another bot does not count. Use “{ button-location }”.
refused-venue = A place chosen on the map does not count. Send your own location with “{ button-location }”.
refused-scheduled = A scheduled message does not count. Send your location now, with “{ button-location }”.
refused-not-live = Only a live location counts in this company: 📎 ➝ Location ➝ “Share my live location”.
