# $name is a first name, $time the local time of the shift's beginning or end.
remind-checkin = ⏰ { $name }, рабочий день начинается в { $time }. Придя на работу, не забудьте нажать «{ button-location }».
remind-checkout = 🌙 { $name }, рабочий день закончился в { $time }. Уходя, не забудьте нажать «{ button-location }».
