# Whoever changes the meaning of this text raises access.CONSENT_VERSION: people are then asked again.
consent =
    🔐 Başlamazdan əvvəl razılığınız lazımdır («Fərdi məlumatlar haqqında» 998-IIIQ nömrəli Qanun).

    🎯 Məqsəd: şirkətdə iş vaxtınızın uçotu.
    📋 Məlumatlar: Telegram ID-niz, adınız, diliniz; göndərdiyiniz yerlər və vaxtları; iş saatlarınız, gecikmələr və düzəlişlər.
    ⚙️ Nə edilir: toplanır, saxlanılır, ünvanı tapılır (xəritə xidmətinə adınız deyil, yalnız yuvarlaqlaşdırılmış nöqtə gedir), iş saatları hesablanır, rəhbərinizə və administratora göstərilir. Yeriniz yalnız özünüz göndərəndə görünür.
    ⏳ Müddət: dəqiq yerlər { $days } gün, sonra təxminiləşdirilir. Qalanlar siz silənədək saxlanılır.
    ↩️ İmtina: /forget yazmaqla razılığı istənilən vaxt geri götürüb məlumatlarınızı silə bilərsiniz; yalnız adsız yekun saatlar qalır. Nə saxlandığını /privacy deyir.

    Razı olana qədər heç nə qeydə alınmır.
button-agree = ✅ Razıyam
button-not-now = Hələ yox
consent-given = ✅ Razılıq verilib: { DATETIME($date, dateStyle: "medium") }, { $time }
consent-declined = Yaxşı, heç nə qeydə alınmadı. Fikrinizi dəyişsəniz, gəldiyiniz linki yenidən açın və ya /start yazın.

privacy =
    🔐 Sizin haqqınızda nə saxlanılır

    👤 Telegram ID-niz, adınız və diliniz
    📍 Göndərdiyiniz yerlər: dəqiq olaraq { $days } gün, sonra təxmini
    🕘 Gəliş-gediş vaxtları, iş saatları, gecikmələr, düzəlişlər: siz silənədək
    👁 Bunları siz, rəhbəriniz və administrator görür. Hər baxış qeydə alınır.

    /mydata – məlumatlarınızı fayl kimi almaq
    /forget – razılığı geri götürmək və silmək
privacy-no-consent = ℹ️ Botda razılıq qeydiniz yoxdur: onu şirkətiniz başqa qaydada alır.

forget-warning =
    ⚠️ Məlumatlarınızı silmək istəyirsiniz?

    Silinəcək: adınız, diliniz, bütün yerlər və ünvanlar, düzəliş sorğuları, razılığınız. Botdan da çıxmış olacaqsınız.
    Qalacaq: adsız iş saatları.

    İstəsəniz, əvvəlcə /mydata ilə nüsxə götürün.
forget-second-warning = ❗ Son xəbərdarlıq: bu, geri qaytarılmır. Hər şey silinsin?
button-forget = Davam et
button-forget-all = 🗑 Bəli, hamısını sil
button-keep = ↩️ Yox, qalsın
forget-kept = 👍 Heç nə silinmədi.
forgotten = 🗑 Məlumatlarınız silindi.
forgotten-deleted = Silindi: adınız, diliniz, ünvanlar, düzəliş sorğuları və razılığınız.
forgotten-marks = 📍 Silinən qeydlər və yerlər: { $marks }
forgotten-days = 🕘 Adsız qalan iş günləri: { $days }
forgotten-farewell = Bu söhbətdəki mesajları özünüz silə bilərsiniz. Sağ olun! 👋
