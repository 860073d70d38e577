# Times come as text, on the clock of whoever they are about; $by as text made by duration-hours or duration-minutes.
now-title = 👥 { DATETIME($date, dateStyle: "medium") }, saat { $time }
now-counts =
    🟢 İşdə: { $in } · 🟠 Gecikən: { $late } · 🔴 Gəlməyən: { $missing }
    ⏳ Hələ gözlənilən: { $expected } · 🏁 Gedən: { $left } · 🌙 İstirahətdə: { $off }
now-in = 🟢 { $name }: { $arrived }
now-left = 🏁 { $name }: { $arrived }–{ $left }
now-missing = 🔴 { $name }: gəlməyib, işin başlanğıcı { $due }
now-expected = ⏳ { $name }: hələ vaxtı var, işin başlanğıcı { $due }
now-off = 🌙 { $name }: bu gün iş günü deyil
now-new = 🆕 { $name }: bu gün qoşulub
now-late = 🟠 gecikmə { $by }
now-excused = üzrlü gecikmə { $by }
now-came-outside = 📍 gələndə ofisdən kənarda olub
now-came-uncertain = 📍 gələndə yeri dəqiq bilinməyib
now-gone-outside = 📍 gedəndə ofisdən kənarda olub
now-gone-uncertain = 📍 gedəndə yeri dəqiq bilinməyib
now-forgotten = ❓ { DATETIME($date, dateStyle: "medium") } gedişini qeyd etməyib
now-same-point = 🔎 başqa gün də tam eyni nöqtədə olub
now-others = 🔎 tam eyni nöqtə { $people } başqa nəfərdə də var
now-speed = 🔎 iki yer arasında sürət { $speed } km/saat
now-flags = 🔎 yalnız diqqət üçündür: qeydə təsir etmir və günah sayılmır.
now-nobody = Burada heç kim yoxdur.
now-button-all = Hamısı
now-button-in = 🟢 İşdə
now-button-late = 🟠 Gecikən
now-button-missing = 🔴 Gəlməyən
now-button-again = 🔄 Yenilə

approve-nothing = ✅ Qərarınızı gözləyən sorğu yoxdur.
approve-waiting =
    { $requests ->
        [one] ⏳ Qərarınızı gözləyən sorğu: { $requests }
       *[other] ⏳ Qərarınızı gözləyən sorğu: { $requests }. Ən köhnə { $shown } sorğu:
    }
approve-correct =
    ✏️ { $name }, { DATETIME($date, dateStyle: "medium") }
    Qeyddə: { $recorded }
    İstəyir: { $asked }
    Səbəb: { $reason }
approve-no-record = yoxdur
approve-yes = ✅ Təsdiq et
approve-no = ❌ Rədd et

help-employee =
    📍 Gələndə və gedəndə «{ button-location }» düyməsinə basın.

    /today – bu gün
    /me – bu ay: günlər, saatlar
    /history – son 14 gün
    /correct – düzəliş istəmək
    /why – qeydim niyə belədir?
    /language – dil
    /privacy – məlumatlarım
    /mydata – məlumatlarımı fayl kimi almaq
    /forget – məlumatlarımı silmək
help-manager =
    👥 Rəhbərlər üçün
    /now – kim işdədir, kim gecikir, kim gəlməyib
    /approve – qərarımı gözləyən sorğular
    /report 2026-11 – aylıq hesabat (Excel)
    /invite – dəvət linki
    /office – ofislər
help-admin =
    🔑 Administratorlar üçün
    { office-usage }
