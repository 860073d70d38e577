# What Telegram's menu says about each command, in one line: command-<name>.
command-start = Başlamak
command-today = Bugün: geliş, çıkış, çalışma süresi
command-me = Bu ay: günler, saatler, gecikmeler
command-history = Son 14 gün
command-correct = Düzeltme istemek
command-why = Kaydım neden böyle?
command-language = Dil seçmek
command-privacy = Hakkımda ne saklanıyor
command-mydata = Verilerimi dosya olarak almak
command-forget = Verilerimi silmek
command-help = Bütün komutlar
command-now = Kim işte, kim gecikti, kim gelmedi
command-report = Aylık rapor (Excel)
command-office = Ofisler
command-invite = Davet bağlantısı
command-approve = Kararımı bekleyen istekler
