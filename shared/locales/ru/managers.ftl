# Times come as text, on the clock of whoever they are about; $by as text made by duration-hours or duration-minutes.
now-title = 👥 { DATETIME($date, dateStyle: "medium") }, { $time }
now-counts =
    🟢 На работе: { $in } · 🟠 Опоздали: { $late } · 🔴 Не пришли: { $missing }
    ⏳ Ещё ждём: { $expected } · 🏁 Ушли: { $left } · 🌙 Выходной: { $off }
now-in = 🟢 { $name }: { $arrived }
now-left = 🏁 { $name }: { $arrived }–{ $left }
now-missing = 🔴 { $name }: отметки нет, начало в { $due }
now-expected = ⏳ { $name }: время ещё есть, начало в { $due }
now-off = 🌙 { $name }: сегодня выходной
now-new = 🆕 { $name }: первый день
now-late = 🟠 опоздание { $by }
now-excused = опоздание { $by }, извинено
now-came-outside = 📍 приход отмечен вне офиса
now-came-uncertain = 📍 место прихода неточное
now-gone-outside = 📍 уход отмечен вне офиса
now-gone-uncertain = 📍 место ухода неточное
now-forgotten = ❓ уход { DATETIME($date, dateStyle: "medium") } не отмечен
now-same-point = 🔎 точно та же точка и в другой день
now-others =
    { $people ->
        [one] 🔎 точно та же точка ещё у { $people } человека
       *[other] 🔎 точно та же точка ещё у { $people } человек
    }
now-speed = 🔎 { $speed } км/ч между двумя точками
now-flags = 🔎 — только к сведению: на отметки не влияет и ничего не доказывает.
now-nobody = Здесь никого нет.
now-button-all = Все
now-button-in = 🟢 На работе
now-button-late = 🟠 Опоздали
now-button-missing = 🔴 Не пришли
now-button-again = 🔄 Обновить

approve-nothing = ✅ Вашего решения ничто не ждёт.
approve-waiting =
    { $requests ->
        [one] ⏳ Вашего решения ждёт { $requests } запрос. Показано: { $shown }
        [few] ⏳ Вашего решения ждут { $requests } запроса. Показаны самые старые: { $shown }
       *[many] ⏳ Вашего решения ждут { $requests } запросов. Показаны самые старые: { $shown }
    }
approve-correct =
    ✏️ { $name }, { DATETIME($date, dateStyle: "medium") }
    Записано: { $recorded }
    Просит: { $asked }
    Причина: { $reason }
approve-no-record = ничего
approve-yes = ✅ Одобрить
approve-no = ❌ Отклонить

help-employee =
    📍 Приходя и уходя, нажимайте «{ button-location }».

    /today – сегодня
    /me – этот месяц: дни и часы
    /history – последние 14 дней
    /correct – попросить исправить
    /why – почему отметка такая?
    /language – язык
    /privacy – что обо мне хранится
    /mydata – мои данные файлом
    /forget – удалить мои данные
help-manager =
    👥 Для руководителей
    /now – кто на работе, кто опоздал, кого нет
    /approve – запросы, которые ждут моего решения
    /report 2026-11 – отчёт за месяц (Excel)
    /invite – ссылка-приглашение
    /office – офисы
help-admin =
    🔑 Для администраторов
    { office-usage }
