# Months come as text: $month is 2026-11 where people write it, and in words in the caption.
report-usage =
    🤔 Не нахожу такого месяца или офиса. Напишите так:
    /report { $month }
    По одному офису: /report { $month } Название офиса
report-future = Этот месяц ещё не начался. Отчёт за текущий: /report { $month }
report-wait = ⏳ Больше трёх файлов в минуту не получится. Попробуйте чуть позже.
report-failed = 😔 Файл сделать не удалось. Попробуйте чуть позже.
report-too-large = 📦 Отчёт слишком велик. Запросите его по одному офису: /report { $month } Название офиса
report-caption = 📊 Посещаемость: { $month }, { $people ->
        [one] { $people } человек
        [few] { $people } человека
       *[many] { $people } человек
    }
report-file = посещаемость-{ $month }.xlsx

report-sheet-month = Табель
report-sheet-events = Отметки
report-sheet-totals = Итоги
report-column-name = Имя
report-column-id = Номер (ID)
report-column-office = Офис
report-column-zone = Часовой пояс
report-column-workday = Рабочий день
report-column-event = Отметка
report-column-sent = Отправлено
report-column-received = Получено
report-column-place = Место
report-column-fence = В офисе
report-column-distance = До офиса, м
report-column-accuracy = Точность, м
report-column-remarks = Обратите внимание
report-column-due = Рабочих дней
report-column-present = Дней на работе
report-column-worked = Часы работы
report-column-lates = Опозданий
report-column-late = Время опозданий
report-column-excused = Уважительных опозданий
report-column-absences = Дней неявки
report-column-forgotten = Уход не отмечен
report-nobody = (удалённый сотрудник)
report-absent = Н

report-legend-worked = Время на работе, часы:минуты
report-legend-late = Опоздание (кроме уважительных)
report-legend-forgotten = Уход не отмечен: эти часы не считаются
report-legend-here = Ещё на работе
report-legend-absent = Неявка
report-legend-off = Выходной

report-event-arrived = Приход
report-event-left = Уход
report-event-repeated = Повторная отметка
report-event-undone = Отменённый уход
report-event-evidence = Продолжение трансляции
report-event-undo = Отмена ухода
report-event-correction = Исправление
report-event-amnesty = Опоздание признано уважительным

report-fence-inside = в офисе
report-fence-outside = вне офиса
report-fence-uncertain = неясно

report-outside = вне офисов: до ближайшего ({ $office }) { $metres } м
report-same-point = в той же самой точке ещё { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[many] { $days } дней
    } в этом месяце
report-same-point-others = в той же самой точке в этом месяце ещё { $people ->
        [one] { $people } человек
        [few] { $people } человека
       *[many] { $people } человек
    }
report-speed = скорость от предыдущего места { $speed } км/ч
report-corrected = исправлено на { $arrived }–{ $left }
report-by = решение: { $name }
report-reason = причина: { $reason }

mydata-caption = 🔐 В этом файле всё, что мы о вас храним. Показывайте его только тем, кому доверяете.
mydata-file = мои-данные-{ $date }.json
