# Times come as text, on the clock of the place; $worked, $late, $by and $so_far as text made by duration-hours or
# duration-minutes.
today-title = 📅 { DATETIME($date, dateStyle: "full") }
today-shift = 🗓 Смена: { $starts }–{ $ends }; опоздание после { $deadline }.
today-off = 🌙 Сегодня выходной.
today-nothing = Сегодня отметок ещё нет.
today-missing = 🔴 Ваш приход ещё не отмечен.
today-late = 🟠 Опоздание: { $by }
today-excused = 🟢 Опоздание уважительное: { $by }
today-on-time = 🟢 Вовремя
today-earlier =
    { $stays ->
        [one] … и ещё { $stays } приход раньше
        [few] … и ещё { $stays } прихода раньше
       *[many] … и ещё { $stays } приходов раньше
    }
today-stay = 🚪 { $times } · { $worked } на работе
today-stay-open = 🚪 { $start }–… · вы ещё на работе: { $so_far }
today-stay-forgotten = ❓ { $start }–… · уход не отмечен, эти часы не считаются. Исправить: /correct
today-worked = ⏱ Время на работе: { $worked }

me-title = 📊 За месяц: { $month }
me-days = 📅 Дней на работе: { $present } (рабочих дней на сегодня: { $expected })
me-worked = ⏱ Время на работе: { $worked }
me-lates =
    { $lates ->
        [0] 🟢 Опозданий нет
        [one] 🟠 Опоздания: { $lates } раз, всего { $late }
        [few] 🟠 Опоздания: { $lates } раза, всего { $late }
       *[many] 🟠 Опоздания: { $lates } раз, всего { $late }
    }
me-excused =
    { $days ->
        [one] 🤝 Уважительные опоздания: { $days } раз
        [few] 🤝 Уважительные опоздания: { $days } раза
       *[many] 🤝 Уважительные опоздания: { $days } раз
    }
me-absences = 🔴 Дней отсутствия: { $days }
me-forgotten =
    { $days ->
        [one] ❓ Уход не отмечен: { $days } день. Эти часы не считаются. Исправить: /correct
        [few] ❓ Уход не отмечен: { $days } дня. Эти часы не считаются. Исправить: /correct
       *[many] ❓ Уход не отмечен: { $days } дней. Эти часы не считаются. Исправить: /correct
    }
me-here = 🚪 Вы ещё на работе: { $so_far }. Будет засчитано после ухода.
me-legend = На картинке часы по дням: 🟩 вовремя, 🟧 опоздание, ⬜️ серым: выходной, ❌ отсутствие, ? нет ухода, 🟦 сегодня.

history-title = 🗓 Дни: { $first } – { $last }
history-nothing = В эти дни отметок нет.
history-absent = 🔴 вас не было
history-nobody = отметок нет
history-off = 🌙
history-late = 🟠 опоздание: { $by }
history-excused = уважительное опоздание: { $by }
history-forgotten = ❓ нет ухода
history-older = ◀ Раньше
history-newer = Позже ▶

why-nothing = О вас ещё ничего не записано.
why-title = 🔎 { DATETIME($date, dateStyle: "full") }
why-absent = 🔴 Отсутствие: приход в этот день не отмечен.
why-no-session = В этот день нет отметок, которые считаются.
why-no-shift = 🟢 В этот день смены не было, поэтому нет и опоздания.
why-late = 🟠 Опоздание: { $by }
why-late-excused = 🟢 Опоздание ({ $by }) признано уважительным.
why-on-time = 🟢 Вовремя
why-arrival = ➡️ Приход: { $time }
why-departure = ⬅️ Уход: { $time }
why-open = ⬅️ Ухода ещё нет.
why-forgotten = ⬅️ Уход не отмечен; день закончился в { $time }. Эти часы не считаются.
why-by-correction = ✏️ Это время установлено одобренным исправлением.
why-second-look = 📡 Уточнено местоположением, отправленным в { $time }:
why-way = 📨 Считается время отправки. Дошло до нас: { $received }, записано: { $recorded }.
why-inside = 📍 Внутри «{ $office }».
why-outside = 📍 Вне офиса; ближайший: «{ $office }».
why-uncertain = 📍 Рядом с «{ $office }»; внутри или нет, определить не удалось.
why-no-office = 📍 Офис не задан, место не проверялось.
why-coarse = Точное место больше не хранится.
why-distance = До центра { $distance } м, радиус { $radius } м, точность ±{ $accuracy } м.
why-distance-assumed = До центра { $distance } м, радиус { $radius } м. Телефон не сообщил точность; принято ±{ $accuracy } м.
why-company-hours = часы компании
why-schedule = 🗓 График ({ $schedule }): { $starts }–{ $ends }; опоздание после { $deadline }.
why-day-off = 🗓 График ({ $schedule }): выходной.
why-zone = 🌍 Часовой пояс: { $zone }
why-counted = 🧮 Опоздание считается от начала смены: { $start } – { $time }.
why-outdated = ℹ️ График или офис с тех пор изменили; результат по прежнему правилу.
why-amnesty = 🤝 Признано уважительным { DATETIME($date, dateStyle: "medium") }: ваше местоположение долго шло до нас.
why-corrected = ✏️ Исправление: { $start }–{ $end }. Причина: { $reason }. Одобрено: { $name }, { DATETIME($date, dateStyle: "medium") }. Ваши собственные отметки сохранены.
why-repeated = ☑️ Повторные отметки, сосчитанные один раз: { $times }
why-undone = ↩️ Отменённые вами уходы не считаются: { $times }
