# $radius and the numbers of people's accounts come as text; $people is a number.
office-list = 🏢 Ofisler: { $offices }
office-none = 🏢 Henüz ofis yok.
office-line = 🏢 { $name }: { $people } kişi, yarıçap { $radius } m
office-place = 📍 { $place } · 🕘 { $zone }
office-managers = 👤 Yöneticiler: { $names }
office-unmanaged = 👤 Yöneticisi yok
office-usage =
    /office – ofislerin listesi
    /office Merkez ofis – bir ofis hakkında
    /office add Merkez ofis radius 150 – yeni ofis (saat dilimi de eklenebilir: Asia/Baku)
    /office Merkez ofis radius 200 – yarıçapı değiştirmek
    /office Merkez ofis people 5100000007 -5100000014 – birini eklemek, ötekini (eksiyle) çıkarmak
    /office Merkez ofis manager 5100000007 – yönetici atamak
    /office Merkez ofis remove – ofisi silmek
office-where =
    📍 “{ $name }” nerede? { $minutes } dakika içinde yerini gönderin: 📎 ➝ Konum.
    Bu konum giriş-çıkış sayılmayacak.
office-button-cancel = ✖️ Vazgeç
office-cancelled = ✖️ “{ $name }” eklenmedi. Sonraki konumunuz yine giriş-çıkış sayılacak.
office-nothing-asked = Vazgeçilecek bir şey yok.
office-opened =
    ✅ “{ $name }” eklendi.
    📍 { $place }, yarıçap { $radius } m, { $zone }
    Bu konum giriş-çıkış olarak kaydedilmedi.
office-resized = ✅ “{ $name }”: yarıçap artık { $radius } m.
office-changed = ✅ Değiştirildi.
office-remove = 🗑 “{ $name }” silinsin mi?
office-button-remove = 🗑 Sil
office-button-keep = ↩️ Kalsın
office-removed = 🗑 “{ $name }” silindi. Geçmiş kayıtlarda adı kalır.
office-not-removed = Silinmedi: ofis artık yok ya da orada çalışanlar var.
office-stays = ↩️ Ofis kalıyor.

office-admins-only = Ofisleri yalnızca adminler değiştirebilir. Liste için /office yazın.
office-unknown = “{ $name }” adında bir ofis yok. Liste için /office yazın.
office-name-long = Ofis adı en fazla { $length } karakter olabilir.
office-name-taken = “{ $name }” adında bir ofis zaten var. Başka bir ad seçin.
office-radius-wrong = Yarıçap { $least }–{ $most } metre olmalı. Örneğin: radius 150
office-zone-wrong = “{ $zone }” adında bir saat dilimi yok. Örneğin: Asia/Baku
office-ids-wrong = En az bir, en çok { $most } kişinin Telegram ID'sini yazın. Örneğin: 5100000007
office-people-unknown = Bu ID'ler tanınmıyor: { $ids }. Hiçbir şey değişmedi.
office-not-empty = “{ $name }” ofisinde çalışanlar var. Önce onları çıkarın: /office { $name } people -ID
