# $radius and the numbers of people's accounts come as text; $people is a number.
office-list = 🏢 Ofislər: { $offices }
office-none = 🏢 Hələ ofis yoxdur.
office-line = 🏢 { $name }: { $people } nəfər, radius { $radius } m
office-place = 📍 { $place } · 🕘 { $zone }
office-managers = 👤 Rəhbərlər: { $names }
office-unmanaged = 👤 Rəhbəri yoxdur
office-usage =
    /office – ofislərin siyahısı
    /office Baş ofis – bir ofis haqqında
    /office add Baş ofis radius 150 – yeni ofis (saat qurşağı da olar: Asia/Baku)
    /office Baş ofis radius 200 – radiusu dəyişmək
    /office Baş ofis people 5100000007 -5100000014 – birini əlavə etmək, o birini (minusla) çıxarmaq
    /office Baş ofis manager 5100000007 – rəhbər təyin etmək
    /office Baş ofis remove – ofisi silmək
office-where =
    📍 «{ $name }» harada yerləşir? { $minutes } dəqiqə ərzində yerini göndərin: 📎 ➝ Yer.
    Bu yer gəliş-gediş sayılmayacaq.
office-button-cancel = ✖️ Ləğv et
office-cancelled = ✖️ «{ $name }» əlavə olunmadı. Növbəti yeriniz yenə gəliş-gediş sayılacaq.
office-nothing-asked = Ləğv ediləcək bir şey yoxdur.
office-opened =
    ✅ «{ $name }» əlavə olundu.
    📍 { $place }, radius { $radius } m, { $zone }
    Bu yer gəliş-gediş kimi qeydə alınmadı.
office-resized = ✅ «{ $name }»: radius indi { $radius } m.
office-changed = ✅ Dəyişdirildi.
office-remove = 🗑 «{ $name }» silinsin?
office-button-remove = 🗑 Sil
office-button-keep = ↩️ Qalsın
office-removed = 🗑 «{ $name }» silindi. Keçmiş qeydlərdə adı qalır.
office-not-removed = Silinmədi: ofis artıq yoxdur və ya orada işləyənlər var.
office-stays = ↩️ Ofis qalır.

office-admins-only = Ofisləri yalnız administratorlar dəyişə bilər. Siyahı üçün /office yazın.
office-unknown = «{ $name }» adlı ofis yoxdur. Siyahı üçün /office yazın.
office-name-long = Ofisin adı ən çoxu { $length } hərf ola bilər.
office-name-taken = «{ $name }» adlı ofis artıq var. Başqa ad seçin.
office-radius-wrong = Radius { $least }–{ $most } metr olmalıdır. Məsələn: radius 150
office-zone-wrong = «{ $zone }» adlı saat qurşağı yoxdur. Məsələn: Asia/Baku
office-ids-wrong = Ən azı bir, ən çoxu { $most } nəfərin Telegram ID-sini yazın. Məsələn: 5100000007
office-people-unknown = Bu ID-lər tanınmır: { $ids }. Heç nə dəyişmədi.
office-not-empty = «{ $name }» ofisində işləyənlər var. Əvvəlcə onları çıxarın: /office { $name } people -ID
