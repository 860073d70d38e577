# $name is a first name, $time the local time of the shift's beginning or end.
remind-checkin = ⏰ { $name }, iş saat { $time } başlayır. Gələndə «{ button-location }» düyməsinə basmağı unutmayın.
remind-checkout = 🌙 { $name }, iş vaxtı saat { $time } bitdi. Çıxanda «{ button-location }» düyməsinə basmağı unutmayın.
