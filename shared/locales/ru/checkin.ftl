# Dates come as $date, times as text, durations as text made by duration-hours or duration-minutes.
start =
    Здравствуйте, { $name }! 👋
    Приходя на работу и уходя с неё, отправляйте своё местоположение кнопкой ниже.
button-location = 📍 Отправить местоположение
hint = Чтобы отметиться, нажмите на телефоне «{ button-location }».
use-your-phone = С компьютера местоположение не отправить. Нажмите «{ button-location }» на телефоне. 📱
button-stale = Эта кнопка больше не работает.
page-wait = ⏳ Подождите немного и нажмите снова.
late-note = ⏱ Это сообщение пришло с задержкой.

opened = ✅ Приход отмечен
closed = ✅ Уход отмечен
repeated-opened = ☑️ Приход уже отмечен
repeated-closed = ☑️ Уход уже отмечен
undone = ↩️ Эта отметка отменена.
undone-open = ↩️ Уход отменён. Вы на работе с { $time }.
repeated-undone = { undone }
confirmed = 📡 Теперь видно, где вы. Спасибо!
line-name = 👤 { $name }
line-date = 📅 { DATETIME($date, dateStyle: "full") }
line-time = 🕘 { $time }
line-place = 📍 { $place }
line-delayed = ⏳ Отправлено: { $sent }, записано: { $recorded }. Считается время отправки.
line-on-time = 🟢 Вовремя
line-late = 🟠 Опоздание: { $by }
line-worked = ⏱ Время на работе: { $worked }
line-number = № { $number }
farewell-opened = Уходя вечером, не забудьте отправить местоположение ещё раз.
farewell-closed = Хорошего отдыха!
ask-live = 📡 Не удалось точно определить, где вы. Отметка сохранена; подтвердите её: 📎 ➝ Геопозиция ➝ «Транслировать геопозицию».
ask-forgotten = ❓ { DATETIME($date, dateStyle: "medium") } вы не отметили уход. Когда вы ушли? Ответьте кнопкой или командой /correct.
button-left-at = Время ухода: { $time }
button-undo = ↩️ Ошибка, я ещё на работе

undo-nothing = Нет ухода, который можно отменить.
undo-too-late = Прошло больше двух минут. Для исправления напишите /correct.

duration-hours =
    { $minutes ->
        [0] { $hours } ч
       *[other] { $hours } ч { $minutes } мин
    }
duration-minutes =
    { $minutes ->
        [one] { $minutes } минута
        [few] { $minutes } минуты
       *[many] { $minutes } минут
    }

refused-nowhere = Такого места нет. Отправьте ещё раз кнопкой «{ button-location }».
refused-forwarded = Пересланное местоположение не считается. Отправьте своё кнопкой «{ button-location }».
refused-via-bot = Местоположение через другого бота не считается. Нажмите «{ button-location }».
refused-venue = Место, выбранное на карте, не считается. Отправьте своё кнопкой «{ button-location }».
refused-scheduled = Отложенное сообщение не считается. Отправьте местоположение сейчас, кнопкой «{ button-location }».
refused-not-live = В этой компании считается только трансляция: 📎 ➝ Геопозиция ➝ «Транслировать геопозицию».
