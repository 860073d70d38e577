# Times come as text, on the clock of the place; $worked, $late, $by and $so_far as text made by duration-hours or
# duration-minutes.
today-title = 📅 { DATETIME($date, dateStyle: "full") }
today-shift = 🗓 Mesai: { $starts }–{ $ends }; { $deadline } sonrası gecikmedir.
today-off = 🌙 Bugün izin günü.
today-nothing = Bugün henüz kaydınız yok.
today-missing = 🔴 Girişiniz henüz kaydedilmedi.
today-late = 🟠 Gecikme: { $by }
today-excused = 🟢 Gecikme mazeretli: { $by }
today-on-time = 🟢 Zamanında
today-earlier = … daha önce { $stays } giriş daha
today-stay = 🚪 { $times } · { $worked }
today-stay-open = 🚪 { $start }–… · hâlâ iştesiniz: { $so_far }
today-stay-forgotten = ❓ { $start }–… · çıkış kaydı yok, bu saatler sayılmaz. Düzeltme: /correct
today-worked = ⏱ Çalışma süresi: { $worked }

me-title = 📊 { $month }
me-days = 📅 İşe geldiğiniz günler: { $present } (şimdiye kadarki iş günleri: { $expected })
me-worked = ⏱ Çalışma süresi: { $worked }
me-lates =
    { $lates ->
        [0] 🟢 Gecikme yok
       *[other] 🟠 Gecikme: { $lates } kez, toplam { $late }
    }
me-excused = 🤝 Mazeretli gecikme: { $days } kez
me-absences = 🔴 Gelmediğiniz günler: { $days }
me-forgotten = ❓ Çıkış kaydı olmayan günler: { $days }. O saatler sayılmaz. Düzeltme: /correct
me-here = 🚪 Hâlâ iştesiniz: { $so_far }. Çıkışınızdan sonra sayılır.
me-legend = Resimde günlere göre saatler: 🟩 zamanında, 🟧 gecikme, ⬜️ gri: izin günü, ❌ gelmediniz, ? çıkış kaydı yok, 🟦 bugün.

history-title = 🗓 { $first } – { $last }
history-nothing = Bu günlerde kayıt yok.
history-absent = 🔴 gelmediniz
history-nobody = kayıt yok
history-off = 🌙
history-late = 🟠 gecikme: { $by }
history-excused = mazeretli gecikme: { $by }
history-forgotten = ❓ çıkış yok
history-older = ◀ Önceki
history-newer = Sonraki ▶

why-nothing = Henüz hiçbir kaydınız yok.
why-title = 🔎 { DATETIME($date, dateStyle: "full") }
why-absent = 🔴 Gelmediniz: o gün hiç giriş kaydedilmedi.
why-no-session = O gün sayılan bir kayıt yok.
why-no-shift = 🟢 O gün mesai yoktu, bu yüzden gecikme de yok.
why-late = 🟠 Gecikme: { $by }
why-late-excused = 🟢 Gecikme ({ $by }) mazeretli sayıldı.
why-on-time = 🟢 Zamanında
why-arrival = ➡️ Giriş: { $time }
why-departure = ⬅️ Çıkış: { $time }
why-open = ⬅️ Henüz çıkış yok.
why-forgotten = ⬅️ Çıkış kaydı yok; gün saat { $time } itibarıyla bitti. Bu saatler sayılmaz.
why-by-correction = ✏️ Bu saati onaylanan bir düzeltme belirledi.
why-second-look = 📡 Saat { $time } gönderdiğiniz konum bunu netleştirdi:
why-way = 📨 Gönderdiğiniz saat geçerlidir. Bize ulaştı: { $received }, kaydedildi: { $recorded }.
why-inside = 📍 “{ $office }” içinde.
why-outside = 📍 Ofis dışında; en yakını “{ $office }”.
why-uncertain = 📍 “{ $office }” yakınında; içeride olup olmadığı anlaşılamadı.
why-no-office = 📍 Tanımlı ofis yok, konum denetlenmedi.
why-coarse = Tam konum artık saklanmıyor.
why-distance = Merkeze { $distance } m, yarıçap { $radius } m, doğruluk ±{ $accuracy } m.
why-distance-assumed = Merkeze { $distance } m, yarıçap { $radius } m. Telefon doğruluğu bildirmedi; ±{ $accuracy } m kabul edildi.
why-company-hours = şirket saatleri
why-schedule = 🗓 Çizelge ({ $schedule }): { $starts }–{ $ends }; { $deadline } sonrası gecikmedir.
why-day-off = 🗓 Çizelge ({ $schedule }): izin günü.
why-zone = 🌍 Saat dilimi: { $zone }
why-counted = 🧮 Gecikme mesai başlangıcından sayılır: { $start } – { $time }.
why-outdated = ℹ️ Çizelge ya da ofis sonradan değişti; sonuç önceki kurala göredir.
why-amnesty = 🤝 Konumunuz bize geç ulaştığı için gecikme { DATETIME($date, dateStyle: "medium") } tarihinde mazeretli sayıldı.
why-corrected = ✏️ Düzeltme: { $start }–{ $end }. Neden: { $reason }. Onaylayan: { $name }, { DATETIME($date, dateStyle: "medium") }. Kendi kayıtlarınız da saklanır.
why-repeated = ☑️ Bir kez sayılan tekrarlar: { $times }
why-undone = ↩️ Geri aldığınız çıkışlar sayılmaz: { $times }
