# Times come as text, on the clock of the place; $worked, $late, $by and $so_far as text made by duration-hours or
# duration-minutes.
today-title = 📅 { DATETIME($date, dateStyle: "full") }
today-shift = 🗓 İş saatı: { $starts }–{ $ends }. { $deadline } vaxtından sonra gecikmədir.
today-off = 🌙 Bu gün istirahət günüdür.
today-nothing = Bu gün hələ qeydiniz yoxdur.
today-missing = 🔴 Gəlişiniz hələ qeydə alınmayıb.
today-late = 🟠 Gecikmə: { $by }
today-excused = 🟢 Gecikmə üzrlüdür: { $by }
today-on-time = 🟢 Vaxtında
today-earlier = … bundan əvvəl daha { $stays } gəliş
today-stay = 🚪 { $times } · { $worked }
today-stay-open = 🚪 { $start }–… · hələ işdəsiniz: { $so_far }
today-stay-forgotten = ❓ { $start }–… · gediş qeyd edilməyib, bu saatlar sayılmır. Düzəliş: /correct
today-worked = ⏱ İş vaxtı: { $worked }

me-title = 📊 { $month }
me-days = 📅 İşə gəldiyiniz günlər: { $present } (indiyədək iş günləri: { $expected })
me-worked = ⏱ İş vaxtı: { $worked }
me-lates =
    { $lates ->
        [0] 🟢 Gecikmə yoxdur
       *[other] 🟠 Gecikmə: { $lates } dəfə, cəmi { $late }
    }
me-excused = 🤝 Üzrlü gecikmə: { $days } dəfə
me-absences = 🔴 Gəlmədiyiniz günlər: { $days }
me-forgotten = ❓ Gedişi qeyd edilməyən günlər: { $days }. Həmin saatlar sayılmır. Düzəliş: /correct
me-here = 🚪 Hələ işdəsiniz: { $so_far }. Gedişinizdən sonra sayılacaq.
me-legend = Şəkildə günlər üzrə saatlar: 🟩 vaxtında, 🟧 gecikmə, ⬜️ boz: istirahət günü, ❌ gəlməmisiniz, ? gediş qeyd edilməyib, 🟦 bu gün.

history-title = 🗓 { $first } – { $last }
history-nothing = Bu günlərdə qeyd yoxdur.
history-absent = 🔴 gəlməmisiniz
history-nobody = qeyd yoxdur
history-off = 🌙
history-late = 🟠 gecikmə: { $by }
history-excused = üzrlü gecikmə: { $by }
history-forgotten = ❓ gediş yoxdur
history-older = ◀ Əvvəlki
history-newer = Sonrakı ▶

why-nothing = Hələ heç bir qeydiniz yoxdur.
why-title = 🔎 { DATETIME($date, dateStyle: "full") }
why-absent = 🔴 Gəlməmisiniz: son vaxta qədər heç bir gəliş qeyd edilməyib.
why-no-session = Bu gündə sayılan qeyd yoxdur.
why-no-shift = 🟢 Bu gün üçün növbə yox idi, ona görə gecikmə də yoxdur.
why-late = 🟠 Gecikmə: { $by }
why-late-excused = 🟢 Gecikmə ({ $by }) üzrlü sayılıb.
why-on-time = 🟢 Vaxtında
why-arrival = ➡️ Gəliş: { $time }
why-departure = ⬅️ Gediş: { $time }
why-open = ⬅️ Gediş hələ yoxdur.
why-forgotten = ⬅️ Gediş qeyd edilməyib; gün { $time } vaxtında bitdi. Bu saatlar sayılmır.
why-by-correction = ✏️ Bu vaxtı təsdiqlənmiş düzəliş təyin edib.
why-second-look = 📡 { $time } vaxtında göndərdiyiniz yer bunu dəqiqləşdirdi:
why-way = 📨 Göndərdiyiniz vaxt sayılır. Bizə çatdı: { $received }, yazıldı: { $recorded }.
why-inside = 📍 «{ $office }» daxilində.
why-outside = 📍 Ofisdən kənarda; ən yaxını «{ $office }».
why-uncertain = 📍 «{ $office }» yaxınlığında; daxildə olub-olmadığı bilinmir.
why-no-office = 📍 Ofis təyin edilməyib, yer yoxlanmayıb.
why-coarse = Dəqiq yer artıq saxlanmır.
why-distance = Mərkəzə { $distance } m, radius { $radius } m, dəqiqlik ±{ $accuracy } m.
why-distance-assumed = Mərkəzə { $distance } m, radius { $radius } m. Telefon dəqiqliyi bildirməyib; ±{ $accuracy } m qəbul edilib.
why-company-hours = şirkətin saatları
why-schedule = 🗓 Qrafik ({ $schedule }): { $starts }–{ $ends }. { $deadline } vaxtından sonra gecikmədir.
why-day-off = 🗓 Qrafik ({ $schedule }): istirahət günü.
why-zone = 🌍 Saat qurşağı: { $zone }
why-counted = 🧮 Gecikmə növbənin başlanğıcından sayılır: { $start } – { $time }.
why-outdated = ℹ️ Qrafik və ya ofis sonradan dəyişib; nəticə əvvəlki qaydaya görədir.
why-amnesty = 🤝 Yeriniz bizə gec çatdığı üçün gecikmə { DATETIME($date, dateStyle: "medium") } tarixində üzrlü sayılıb.
why-corrected = ✏️ Düzəliş: { $start }–{ $end }. Səbəb: { $reason }. Təsdiqlədi: { $name }, { DATETIME($date, dateStyle: "medium") }. Öz qeydləriniz də saxlanılır.
why-repeated = ☑️ Təkrar göndərilən yerlər bir dəfə sayılıb: { $times }
why-undone = ↩️ Ləğv etdiyiniz gedişlər sayılmır: { $times }
