# Each language by its own name, the same in all files.
language-az = 🇦🇿 Azərbaycanca
language-en = 🇬🇧 English
language-ru = 🇷🇺 Русский
language-tr = 🇹🇷 Türkçe
choose-language = Hangi dilde konuşalım?
language-chosen = ✅ Bundan sonra sizinle Türkçe konuşacağım.
