# $name is a first name, $time the local time of the shift's beginning or end.
remind-checkin = ⏰ { $name }, işin başlanğıcı { $time }. Gələndə «{ button-location }» düyməsinə basmağı unutmayın.
remind-checkout = 🌙 { $name }, iş vaxtı bitdi ({ $time }). Çıxanda «{ button-location }» düyməsinə basmağı unutmayın.
