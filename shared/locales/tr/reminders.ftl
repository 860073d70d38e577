# $name is a first name, $time the local time of the shift's beginning or end.
remind-checkin = ⏰ { $name }, mesai saat { $time } itibarıyla başlıyor. İşe gelince “{ button-location }” düğmesine basmayı unutmayın.
remind-checkout = 🌙 { $name }, mesai saat { $time } itibarıyla bitti. Çıkarken “{ button-location }” düğmesine basmayı unutmayın.
