# One and the same for everybody who is not with the company: it must tell nothing about who works there.
stranger =
    Merhaba! 👋 Bu bot yalnızca şirket çalışanları içindir.
    Çalışansanız erişim için yöneticinize başvurun.

request-passed-on = 📨 İsteğiniz yöneticiye iletildi. Sonuçlanınca size yazacağız.
request =
    🙋 Yeni kayıt isteği
    👤 { $name }
    🆔 { $account }
button-admit = ✅ Kabul et
button-turn-away = ❌ Reddet
request-admitted = ✅ { $name } kabul edildi.
request-turned-away = ❌ { $name } kabul edilmedi.
request-decided-already = Bu istek zaten sonuçlandı.
admitted =
    ✅ İsteğiniz kabul edildi, hoş geldiniz!
    İşe gelince ve işten çıkınca aşağıdaki düğmeyle konumunuzu gönderin.
turned-away = Üzgünüz, isteğiniz kabul edilmedi. Sorunuz varsa yöneticinize başvurun.

invite-made = 🔗 { $uses } kişilik davet bağlantısı hazır
invite-office = 🏢 { $office }
invite-until = ⏳ Son geçerlilik: { DATETIME($date, dateStyle: "medium") }, saat { $time }
invite-usage =
    Şöyle yazın: /invite [kaç kişi] [kaç gün] [ofis]
    Örneğin: /invite 5 14
    Kişi: 1–{ $uses }, gün: 1–{ $days }. Ofis, yönettiğiniz ofislerden biri olmalıdır.
invite-no-bot-name = Botun adı ayarlanmamış, bu yüzden bağlantı oluşturulamıyor. Sistem yöneticisine bildirin (TELEGRAM_BOT_USERNAME).
