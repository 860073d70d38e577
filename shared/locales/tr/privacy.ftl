# Whoever changes the meaning of this text raises access.CONSENT_VERSION: people are then asked again.
consent =
    🔐 Başlamadan önce onayınız gerekiyor (Azerbaycan'ın 998-IIIQ sayılı Kişisel Veriler Yasası).

    🎯 Amaç: şirketteki çalışma sürenizin kaydı.
    📋 Veriler: Telegram kimliğiniz, adınız ve diliniz; gönderdiğiniz konumlar ve zamanları; çalışma saatleriniz, gecikmeler ve düzeltmeler.
    ⚙️ Ne yapılır: toplanır, saklanır, adresi bulunur (harita servisine adınız değil, yalnızca yuvarlatılmış bir nokta gider), saatler hesaplanır, yöneticinize ve sistem yöneticisine gösterilir. Konumunuz yalnızca siz gönderince görülür.
    ⏳ Süre: kesin konumlar { $days } gün, sonra yaklaşık hale getirilir. Gerisi siz silene kadar saklanır.
    ↩️ Geri alma: istediğiniz zaman /forget yazarak onayınızı geri alıp verilerinizi silebilirsiniz; yalnızca adsız toplam saatler kalır. Neyin saklandığını /privacy söyler.

    Siz onaylayana kadar hiçbir şey kaydedilmez.
button-agree = ✅ Onaylıyorum
button-not-now = Şimdi değil
consent-given = ✅ Onay verildi: { DATETIME($date, dateStyle: "medium") }, { $time }
consent-declined = Peki, hiçbir şey kaydedilmedi. Fikriniz değişirse geldiğiniz bağlantıyı yeniden açın veya /start yazın.

privacy =
    🔐 Hakkınızda ne saklanıyor

    👤 Telegram kimliğiniz, adınız ve diliniz
    📍 Gönderdiğiniz konumlar: { $days } gün kesin, sonra yaklaşık
    🕘 Geliş ve gidiş zamanları, saatler, gecikmeler, düzeltmeler: siz silene kadar
    👁 Bunları siz, yöneticiniz ve sistem yöneticisi görür. Her görüntüleme kaydedilir.

    /mydata – verilerinizi dosya olarak almak
    /forget – onayı geri almak ve silmek
privacy-no-consent = ℹ️ Botta onay kaydınız yok: şirketiniz onu başka yolla alıyor.

forget-warning =
    ⚠️ Verilerinizin silinmesini istiyor musunuz?

    Silinecek: adınız, diliniz, bütün konumlar ve adresler, düzeltme istekleri, onayınız. Bottan da çıkmış olacaksınız.
    Kalacak: adsız çalışma saatleri.

    Önce /mydata ile bir kopya alabilirsiniz.
forget-second-warning = ❗ Son uyarı: bu geri alınamaz. Her şey silinsin mi?
button-forget = Devam et
button-forget-all = 🗑 Evet, hepsini sil
button-keep = ↩️ Hayır, kalsın
forget-kept = 👍 Hiçbir şey silinmedi.
forgotten = 🗑 Verileriniz silindi.
forgotten-deleted = Silindi: adınız, diliniz, adresler, düzeltme istekleri ve onayınız.
forgotten-marks = 📍 Silinen kayıt ve konumlar: { $marks }
forgotten-days = 🕘 Adsız kalan iş günleri: { $days }
forgotten-farewell = Bu sohbetteki mesajları kendiniz silebilirsiniz. Hoşça kalın! 👋
