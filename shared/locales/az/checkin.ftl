# Dates come as $date, times as text, durations as text made by duration-hours or duration-minutes.
start =
    Salam, { $name }! 👋
    İşə gələndə və işdən çıxanda aşağıdakı düymə ilə yerinizi göndərin.
button-location = 📍 Yerimi göndər
hint = Qeydiyyat üçün telefonda «{ button-location }» düyməsinə basın.
use-your-phone = Kompüterdən yer göndərmək olmur. Zəhmət olmasa, telefonda «{ button-location }» düyməsinə basın. 📱
button-stale = Bu düymə artıq işləmir.
page-wait = ⏳ Bir az gözləyin, sonra yenidən basın.
late-note = ⏱ Bu mesaj gecikib.

opened = ✅ Gəlişiniz qeydə alındı
closed = ✅ Gedişiniz qeydə alındı
repeated-opened = ☑️ Gəlişiniz artıq qeydə alınıb
repeated-closed = ☑️ Gedişiniz artıq qeydə alınıb
undone = ↩️ Bu qeyd ləğv edilib.
undone-open = ↩️ Gediş ləğv edildi, işdəsiniz. Gəliş: { $time }.
repeated-undone = { undone }
confirmed = 📡 Yeriniz dəqiqləşdi, təşəkkürlər!
line-name = 👤 { $name }
line-date = 📅 { DATETIME($date, dateStyle: "full") }
line-time = 🕘 { $time }
line-place = 📍 { $place }
line-delayed = ⏳ Göndərildi: { $sent }, qeydə alındı: { $recorded }. Göndərdiyiniz vaxt sayılır.
line-on-time = 🟢 Vaxtında
line-late = 🟠 Gecikmə: { $by }
line-worked = ⏱ İş vaxtı: { $worked }
line-number = № { $number }
farewell-opened = Axşam gedəndə yerinizi yenidən göndərməyi unutmayın.
farewell-closed = Yaxşı istirahət edin!
ask-live = 📡 Yerinizi dəqiq görə bilmədik. Qeyd qalır; zəhmət olmasa, 📎 ➝ Yer ➝ «Canlı yerimi paylaş» ilə təsdiqləyin.
ask-forgotten = ❓ { DATETIME($date, dateStyle: "medium") } gedişinizi qeyd etməmisiniz. Nə vaxt çıxdınız? Düymə ilə, ya da /correct ilə bildirin.
button-left-at = Çıxış vaxtım: { $time }
button-undo = ↩️ Səhvdir, hələ işdəyəm

undo-nothing = Ləğv ediləcək gediş yoxdur.
undo-too-late = İki dəqiqə keçib. Düzəliş üçün /correct yazın.

duration-hours =
    { $minutes ->
        [0] { $hours } saat
       *[other] { $hours } saat { $minutes } dəqiqə
    }
duration-minutes = { $minutes } dəqiqə

refused-nowhere = Belə bir yer yoxdur. Zəhmət olmasa, «{ button-location }» düyməsi ilə yenidən göndərin.
refused-forwarded = Yönləndirilmiş yer sayılmır. Öz yerinizi «{ button-location }» düyməsi ilə göndərin.
refused-via-bot = Başqa botla göndərilən yer sayılmır. «{ button-location }» düyməsindən istifadə edin.
refused-venue = Xəritədən seçilmiş məkan sayılmır. Öz yerinizi «{ button-location }» düyməsi ilə göndərin.
refused-scheduled = Planlaşdırılmış mesaj sayılmır. Yerinizi indi, «{ button-location }» düyməsi ilə göndərin.
refused-not-live = Bu şirkətdə yalnız canlı yer sayılır: 📎 ➝ Yer ➝ «Canlı yerimi paylaş».
