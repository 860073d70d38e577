# $radius and the numbers of people's accounts come as text; $people is a number.
office-list = 🏢 Офисы: { $offices }
office-none = 🏢 Офисов пока нет.
office-line =
    { $people ->
        [one] 🏢 { $name }: { $people } человек, радиус { $radius } м
        [few] 🏢 { $name }: { $people } человека, радиус { $radius } м
       *[many] 🏢 { $name }: { $people } человек, радиус { $radius } м
    }
office-place = 📍 { $place } · 🕘 { $zone }
office-managers = 👤 Руководители: { $names }
office-unmanaged = 👤 Руководителя нет
office-usage =
    /office – список офисов
    /office Главный офис – об одном офисе
    /office add Главный офис radius 150 – новый офис (можно добавить часовой пояс: Asia/Baku)
    /office Главный офис radius 200 – изменить радиус
    /office Главный офис people 5100000007 -5100000014 – добавить одного, убрать (с минусом) другого
    /office Главный офис manager 5100000007 – назначить руководителя
    /office Главный офис remove – удалить офис
office-where =
    { $minutes ->
        [one] 📍 Где находится «{ $name }»? В течение { $minutes } минуты отправьте его место: 📎 ➝ Геопозиция.
       *[other] 📍 Где находится «{ $name }»? В течение { $minutes } минут отправьте его место: 📎 ➝ Геопозиция.
    }
    Отметкой оно не станет.
office-button-cancel = ✖️ Отмена
office-cancelled = ✖️ «{ $name }» не добавлен. Следующее местоположение снова будет отметкой.
office-nothing-asked = Отменять нечего.
office-opened =
    ✅ Офис «{ $name }» добавлен.
    📍 { $place }, радиус { $radius } м, { $zone }
    Отметкой это место не стало.
office-resized = ✅ «{ $name }»: радиус теперь { $radius } м.
office-changed = ✅ Изменено.
office-remove = 🗑 Удалить «{ $name }»?
office-button-remove = 🗑 Удалить
office-button-keep = ↩️ Оставить
office-removed = 🗑 Офис «{ $name }» удалён. В прошлых отметках он останется.
office-not-removed = Не удалён: офиса уже нет или в нём работают люди.
office-stays = ↩️ Офис остаётся.

office-admins-only = Менять офисы могут только администраторы. Список: /office
office-unknown = Офиса «{ $name }» нет. Список: /office
office-name-long = Название офиса не может быть длиннее { $length } знаков.
office-name-taken = Офис «{ $name }» уже есть. Выберите другое название.
office-radius-wrong = Радиус должен быть { $least }–{ $most } метров. Например: radius 150
office-zone-wrong = Часового пояса «{ $zone }» нет. Например: Asia/Baku
office-ids-wrong = Укажите Telegram ID людей, от одного до { $most }. Например: 5100000007
office-people-unknown = Эти ID неизвестны: { $ids }. Ничего не изменено.
office-not-empty = В офисе «{ $name }» работают люди. Сначала уберите их: /office { $name } people -ID
