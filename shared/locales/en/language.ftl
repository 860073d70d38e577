# Each language by its own name, the same in all files.
language-az = 🇦🇿 Azərbaycanca
language-en = 🇬🇧 English
language-ru = 🇷🇺 Русский
language-tr = 🇹🇷 Türkçe
choose-language = Which language shall we speak?
language-chosen = ✅ From now on I will speak English with you.
