# Times come as text, on the clock of whoever they are about; $by as text made by duration-hours or duration-minutes.
now-title = 👥 { DATETIME($date, dateStyle: "medium") }, saat { $time }
now-counts =
    🟢 İşte: { $in } · 🟠 Geciken: { $late } · 🔴 Gelmeyen: { $missing }
    ⏳ Henüz beklenen: { $expected } · 🏁 Çıkan: { $left } · 🌙 İzinli: { $off }
now-in = 🟢 { $name }: { $arrived }
now-left = 🏁 { $name }: { $arrived }–{ $left }
now-missing = 🔴 { $name }: gelmedi, iş başlangıcı { $due }
now-expected = ⏳ { $name }: henüz vakti var, iş başlangıcı { $due }
now-off = 🌙 { $name }: bugün iş günü değil
now-new = 🆕 { $name }: bugün katıldı
now-late = 🟠 gecikme { $by }
now-excused = mazeretli gecikme { $by }
now-came-outside = 📍 gelişte ofisin dışındaydı
now-came-uncertain = 📍 geliş yeri kesin değil
now-gone-outside = 📍 çıkışta ofisin dışındaydı
now-gone-uncertain = 📍 çıkış yeri kesin değil
now-forgotten = ❓ { DATETIME($date, dateStyle: "medium") } çıkışını kaydetmedi
now-same-point = 🔎 başka bir gün de tam aynı noktadaydı
now-others = 🔎 tam aynı nokta { $people } kişide daha var
now-speed = 🔎 iki konum arasında hız { $speed } km/sa
now-flags = 🔎 yalnızca bilginize: kaydı değiştirmez, bir şey kanıtlamaz.
now-nobody = Burada kimse yok.
now-button-all = Hepsi
now-button-in = 🟢 İşte
now-button-late = 🟠 Geciken
now-button-missing = 🔴 Gelmeyen
now-button-again = 🔄 Yenile

approve-nothing = ✅ Kararınızı bekleyen istek yok.
approve-waiting =
    { $requests ->
        [one] ⏳ Kararınızı bekleyen istek: { $requests }
       *[other] ⏳ Kararınızı bekleyen istek: { $requests }. En eski { $shown } istek:
    }
approve-correct =
    ✏️ { $name }, { DATETIME($date, dateStyle: "medium") }
    Kayıtta: { $recorded }
    İstediği: { $asked }
    Neden: { $reason }
approve-no-record = kayıt yok
approve-yes = ✅ Onayla
approve-no = ❌ Reddet

help-employee =
    📍 Gelirken ve çıkarken “{ button-location }” düğmesine basın.

    /today – bugün
    /me – bu ay: günler, saatler
    /history – son 14 gün
    /correct – düzeltme istemek
    /why – kaydım neden böyle?
    /language – dil
    /privacy – hakkımda ne saklanıyor
    /mydata – verilerimi dosya olarak almak
    /forget – verilerimi silmek
help-manager =
    👥 Yöneticiler için
    /now – kim işte, kim gecikti, kim gelmedi
    /approve – kararımı bekleyen istekler
    /report 2026-11 – aylık rapor (Excel)
    /invite – davet bağlantısı
    /office – ofisler
help-admin =
    🔑 Adminler için
    { office-usage }
