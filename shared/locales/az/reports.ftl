# Months come as text: $month is 2026-11 where people write it, and in words in the caption.
report-usage =
    🤔 Belə ay və ya ofis tapmadım. Belə yazın:
    /report { $month }
    Yalnız bir ofis üçün: /report { $month } Ofisin adı
report-future = Bu ay hələ başlamayıb. Bu ayın hesabatı: /report { $month }
report-wait = ⏳ Bir dəqiqədə üç fayldan çox hazırlaya bilmirəm. Bir az sonra yenidən yazın.
report-failed = 😔 Fayl alınmadı. Bir az sonra yenidən yazın.
report-too-large = 📦 Hesabat çox böyükdür. Bir ofis üzrə istəyin: /report { $month } Ofisin adı
report-caption = 📊 Davamiyyət: { $month }. İşçi sayı: { $people }
report-file = davamiyyet-{ $month }.xlsx

report-sheet-month = Cədvəl
report-sheet-events = Qeydlər
report-sheet-totals = Yekun
report-column-name = Ad
report-column-id = ID
report-column-office = Ofis
report-column-zone = Saat qurşağı
report-column-workday = İş günü
report-column-event = Qeyd
report-column-sent = Göndərilib
report-column-received = Çatıb
report-column-place = Yer
report-column-fence = Ofisdə
report-column-distance = Ofisə, m
report-column-accuracy = Dəqiqlik, m
report-column-remarks = Diqqət üçün
report-column-due = İş günləri
report-column-present = Gəldiyi günlər
report-column-worked = İş saatları
report-column-lates = Gecikmələr
report-column-late = Gecikmə vaxtı
report-column-excused = Üzrlü gecikmələr
report-column-absences = Gəlmədiyi günlər
report-column-forgotten = Qeyd edilməyən gedişlər
report-nobody = (silinmiş şəxs)
report-absent = Q

report-legend-worked = İş vaxtı, saat:dəqiqə
report-legend-late = Gecikmə (üzrlü gecikmə sayılmır)
report-legend-forgotten = Gediş qeyd edilməyib: həmin saatlar sayılmır
report-legend-here = Hələ işdədir
report-legend-absent = Gəlməyib
report-legend-off = İstirahət günü

report-event-arrived = Gəliş
report-event-left = Gediş
report-event-repeated = Təkrar qeyd
report-event-undone = Ləğv edilmiş gediş
report-event-evidence = Canlı yerin davamı
report-event-undo = Gedişin ləğvi
report-event-correction = Düzəliş
report-event-amnesty = Gecikmə üzrlü sayılıb

report-fence-inside = ofisdə
report-fence-outside = kənarda
report-fence-uncertain = bəlli deyil

report-outside = ofislərdən kənarda: ən yaxını «{ $office }», { $metres } m
report-same-point = bu ay daha { $days } gün tam eyni nöqtədə olub
report-same-point-others = bu ay daha { $people } nəfər tam eyni nöqtədə olub
report-speed = əvvəlki yerdən bura sürət { $speed } km/saat
report-corrected = { $arrived }–{ $left } kimi düzəldilib
report-by = qərar: { $name }
report-reason = səbəb: { $reason }

mydata-caption = 🔐 Haqqınızda saxladığımız bütün məlumatlar bu fayldadır. Onu yalnız etibar etdiyiniz adamlara göstərin.
mydata-file = melumatlarim-{ $date }.json
