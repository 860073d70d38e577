# $name is a first name, $time the local time of the shift's beginning or end.
remind-checkin = ⏰ { $name }, work begins at { $time }. Remember to tap “{ button-location }” when you arrive.
remind-checkout = 🌙 { $name }, work ended at { $time }. Remember to tap “{ button-location }” when you leave.
