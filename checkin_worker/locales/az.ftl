# Dates come as $date, times and durations as text.
start =
    Salam, { $name }! 👋
    İşə gələndə və işdən çıxanda aşağıdakı düymə ilə yerinizi göndərin.
button-location = 📍 Yerimi göndər
hint = Qeydiyyat üçün telefonda «{ button-location }» düyməsinə basın.

opened =
    ✅ Gəlişiniz qeydə alındı
    👤 { $name }
    📅 { DATETIME($date, dateStyle: "full") }
    🕘 { $time }
    📍 { $place }
    Axşam gedəndə yerinizi yenidən göndərməyi unutmayın.
closed =
    ✅ Gedişiniz qeydə alındı
    👤 { $name }
    📅 { DATETIME($date, dateStyle: "full") }
    🕘 { $time }
    📍 { $place }
    İş vaxtı: { $hours } saat { $minutes } dəqiqə. Yaxşı istirahət edin!
repeated-opened =
    ☑️ Gəlişiniz artıq qeydə alınıb
    👤 { $name }
    📅 { DATETIME($date, dateStyle: "full") }
    🕘 { $time }
    📍 { $place }
repeated-closed =
    ☑️ Gedişiniz artıq qeydə alınıb
    👤 { $name }
    📅 { DATETIME($date, dateStyle: "full") }
    🕘 { $time }
    📍 { $place }
