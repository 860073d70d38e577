# Each language by its own name, the same in all files.
language-az = 🇦🇿 Azərbaycanca
language-en = 🇬🇧 English
language-ru = 🇷🇺 Русский
language-tr = 🇹🇷 Türkçe
choose-language = Hansı dildə danışaq?
language-chosen = ✅ Bundan sonra sizinlə Azərbaycan dilində danışacağam.
