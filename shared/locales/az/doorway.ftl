# One and the same for everybody who is not with the company: it must tell nothing about who works there.
stranger =
    Salam! 👋 Bu bot yalnız şirkətin əməkdaşları üçündür.
    Əməkdaşsınızsa, giriş üçün rəhbərinizə müraciət edin.

request-passed-on = 📨 Sorğunuz administratora göndərildi. Cavab gələndə sizə yazacağıq.
request =
    🙋 Yeni qeydiyyat sorğusu
    👤 { $name }
    🆔 { $account }
button-admit = ✅ Qəbul et
button-turn-away = ❌ Rədd et
request-admitted = ✅ { $name } qəbul edildi.
request-turned-away = ❌ { $name } qəbul edilmədi.
request-decided-already = Bu sorğuya artıq baxılıb.
admitted =
    ✅ Sorğunuz qəbul edildi, xoş gəldiniz!
    İşə gələndə və işdən çıxanda aşağıdakı düymə ilə yerinizi göndərin.
turned-away = Təəssüf ki, sorğunuz qəbul edilmədi. Sualınız varsa, rəhbərinizə müraciət edin.

invite-made = 🔗 { $uses } nəfər üçün dəvət linki hazırdır
invite-office = 🏢 { $office }
invite-until = ⏳ { DATETIME($date, dateStyle: "medium") }, saat { $time }-dək etibarlıdır
invite-usage =
    Belə yazın: /invite [neçə nəfər] [neçə gün] [ofis]
    Məsələn: /invite 5 14
    Nəfər: 1–{ $uses }, gün: 1–{ $days }. Ofis sizin gördüyünüz ofislərdən biri olmalıdır.
invite-no-bot-name = Botun adı ayarlanmayıb, ona görə link yaratmaq olmur. Sistem administratoruna bildirin (TELEGRAM_BOT_USERNAME).
