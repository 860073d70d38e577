# What Telegram's menu says about each command, in one line: command-<name>.
command-start = Başlamaq
command-today = Bu gün: gəliş, gediş, iş vaxtı
command-me = Bu ay: günlər, saatlar, gecikmələr
command-history = Son 14 gün
command-correct = Düzəliş istəmək
command-why = Qeydim niyə belədir?
command-language = Dili seçmək
command-privacy = Haqqımda nə saxlanılır
command-mydata = Məlumatlarımı fayl kimi almaq
command-forget = Məlumatlarımı silmək
command-help = Bütün əmrlər
command-now = Kim işdədir, kim gecikir, kim gəlməyib
command-report = Aylıq hesabat (Excel)
command-office = Ofislər
command-invite = Dəvət linki
command-approve = Qərarımı gözləyən sorğular
