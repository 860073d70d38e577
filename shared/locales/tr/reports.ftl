# Months come as text: $month is 2026-11 where people write it, and in words in the caption.
report-usage =
    🤔 Böyle bir ay veya ofis bulamadım. Şöyle yazın:
    /report { $month }
    Yalnızca bir ofis için: /report { $month } Ofisin adı
report-future = O ay henüz başlamadı. Bu ayın raporu: /report { $month }
report-wait = ⏳ Dakikada en fazla üç dosya hazırlayabiliyorum. Biraz sonra yeniden yazın.
report-failed = 😔 Dosya hazırlanamadı. Biraz sonra yeniden yazın.
report-too-large = 📦 Rapor çok büyük. Tek bir ofis için isteyin: /report { $month } Ofisin adı
report-caption = 📊 Devam durumu: { $month }, { $people } kişi
report-file = devam-{ $month }.xlsx

report-sheet-month = Çizelge
report-sheet-events = Kayıtlar
report-sheet-totals = Toplam
report-column-name = Ad
report-column-id = ID
report-column-office = Ofis
report-column-zone = Saat dilimi
report-column-workday = İş günü
report-column-event = Kayıt
report-column-sent = Gönderildi
report-column-received = Alındı
report-column-place = Yer
report-column-fence = Ofiste mi?
report-column-distance = Ofise, m
report-column-accuracy = Doğruluk, m
report-column-remarks = Dikkatinize
report-column-due = İş günleri
report-column-present = Geldiği günler
report-column-worked = Çalışma saatleri
report-column-lates = Geç kalmalar
report-column-late = Geç kalınan süre
report-column-excused = Mazeretli geç kalmalar
report-column-absences = Gelmediği günler
report-column-forgotten = Kaydedilmeyen çıkışlar
report-nobody = (silinmiş kişi)
report-absent = D

report-legend-worked = Çalışma süresi, saat:dakika
report-legend-late = Geç kalma (mazeretliler sayılmaz)
report-legend-forgotten = Çıkış kaydedilmemiş: o saatler sayılmaz
report-legend-here = Hâlâ işte
report-legend-absent = Gelmedi
report-legend-off = Tatil günü

report-event-arrived = Giriş
report-event-left = Çıkış
report-event-repeated = Yinelenen kayıt
report-event-undone = Geri alınan çıkış
report-event-evidence = Canlı konumun devamı
report-event-undo = Çıkışın geri alınması
report-event-correction = Düzeltme
report-event-amnesty = Geç kalma mazeretli sayıldı

report-fence-inside = ofiste
report-fence-outside = dışarıda
report-fence-uncertain = belli değil

report-outside = ofislerin dışında: en yakını «{ $office }», { $metres } m
report-same-point = bu ay { $days } gün daha tam aynı noktada
report-same-point-others = bu ay { $people } kişi daha tam aynı noktada
report-speed = önceki yerden buraya hız { $speed } km/sa
report-corrected = { $arrived }–{ $left } olarak düzeltildi
report-by = karar: { $name }
report-reason = neden: { $reason }

mydata-caption = 🔐 Hakkınızda sakladığımız her şey bu dosyada. Onu yalnızca güvendiğiniz kişilere gösterin.
mydata-file = verilerim-{ $date }.json
