# Each language by its own name, the same in all files.
language-az = 🇦🇿 Azərbaycanca
language-en = 🇬🇧 English
language-ru = 🇷🇺 Русский
language-tr = 🇹🇷 Türkçe
choose-language = На каком языке будем говорить?
language-chosen = ✅ Теперь я буду говорить с вами по-русски.
