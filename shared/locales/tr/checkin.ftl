# Dates come as $date, times as text, durations as text made by duration-hours or duration-minutes.
start =
    Merhaba, { $name }! 👋
    İşe geldiğinizde ve işten çıktığınızda aşağıdaki düğmeyle konumunuzu gönderin.
button-location = 📍 Konumumu gönder
hint = Kayıt için telefonunuzda “{ button-location }” düğmesine basın.
use-your-phone = Bilgisayardan konum gönderilemiyor. Lütfen telefonunuzda “{ button-location }” düğmesine basın. 📱
button-stale = Bu düğme artık çalışmıyor.
page-wait = ⏳ Biraz bekleyip yeniden basın.
late-note = ⏱ Bu mesaj gecikti.

opened = ✅ Girişiniz kaydedildi
closed = ✅ Çıkışınız kaydedildi
repeated-opened = ☑️ Girişiniz zaten kaydedilmişti
repeated-closed = ☑️ Çıkışınız zaten kaydedilmişti
undone = ↩️ Bu kayıt geri alındı.
undone-open = ↩️ Çıkış geri alındı. Saat { $time } itibarıyla iştesiniz.
repeated-undone = { undone }
confirmed = 📡 Konumunuz netleşti, teşekkürler!
line-name = 👤 { $name }
line-date = 📅 { DATETIME($date, dateStyle: "full") }
line-time = 🕘 { $time }
line-place = 📍 { $place }
line-delayed = ⏳ Gönderildi: { $sent }, kaydedildi: { $recorded }. Gönderdiğiniz saat geçerlidir.
line-on-time = 🟢 Zamanında
line-late = 🟠 Gecikme: { $by }
line-worked = ⏱ Çalışma süresi: { $worked }
line-number = No: { $number }
farewell-opened = Akşam çıkarken konumunuzu yeniden göndermeyi unutmayın.
farewell-closed = İyi dinlenmeler!
ask-live = 📡 Konumunuzu tam göremedik. Kayıt geçerli; lütfen 📎 ➝ Konum ➝ “Canlı konumumu paylaş” ile doğrulayın.
ask-forgotten = ❓ { DATETIME($date, dateStyle: "medium") } günü çıkışınızı kaydetmediniz. Ne zaman çıktınız? Düğmeyle ya da /correct ile bildirin.
button-left-at = Saat { $time } çıktım
button-undo = ↩️ Yanlışlık oldu, hâlâ işteyim

undo-nothing = Geri alınacak çıkış yok.
undo-too-late = İki dakika geçti. Düzeltme için /correct yazın.

duration-hours =
    { $minutes ->
        [0] { $hours } saat
       *[other] { $hours } saat { $minutes } dakika
    }
duration-minutes = { $minutes } dakika

refused-nowhere = Böyle bir yer yok. Lütfen “{ button-location }” düğmesiyle yeniden gönderin.
refused-forwarded = İletilen konum sayılmaz. Kendi konumunuzu “{ button-location }” düğmesiyle gönderin.
refused-via-bot = Başka bir botla gönderilen konum sayılmaz. “{ button-location }” düğmesini kullanın.
refused-venue = Haritadan seçilen yer sayılmaz. Kendi konumunuzu “{ button-location }” düğmesiyle gönderin.
refused-scheduled = Zamanlanmış mesaj sayılmaz. Konumunuzu şimdi “{ button-location }” düğmesiyle gönderin.
refused-not-live = Bu şirkette yalnızca canlı konum sayılır: 📎 ➝ Konum ➝ “Canlı konumumu paylaş”.
