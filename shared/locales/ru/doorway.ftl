# One and the same for everybody who is not with the company: it must tell nothing about who works there.
stranger =
    Здравствуйте! 👋 Этот бот только для сотрудников компании.
    Если вы сотрудник, попросите доступ у своего руководителя.

request-passed-on = 📨 Ваш запрос передан администратору. Мы напишем вам, когда придёт ответ.
request =
    🙋 Новый запрос на регистрацию
    👤 { $name }
    🆔 { $account }
button-admit = ✅ Принять
button-turn-away = ❌ Отклонить
request-admitted = ✅ Запрос одобрен: { $name }
request-turned-away = ❌ Запрос отклонён: { $name }
request-decided-already = По этому запросу решение уже принято.
admitted =
    ✅ Ваш запрос одобрен, добро пожаловать!
    Приходя на работу и уходя с неё, отправляйте своё местоположение кнопкой ниже.
turned-away = К сожалению, ваш запрос отклонён. По вопросам обратитесь к своему руководителю.

invite-made =
    { $uses ->
        [one] 🔗 Ссылка-приглашение для { $uses } человека
       *[other] 🔗 Ссылка-приглашение для { $uses } человек
    }
invite-office = 🏢 Офис: { $office }
invite-until = ⏳ Действует до { DATETIME($date, dateStyle: "medium") }, { $time }
invite-usage =
    Напишите: /invite [сколько человек] [сколько дней] [офис]
    Например: /invite 5 14
    Человек: 1–{ $uses }, дней: 1–{ $days }. Офис должен быть одним из ваших.
invite-no-bot-name = Имя бота не настроено, поэтому ссылку создать нельзя. Сообщите системному администратору (TELEGRAM_BOT_USERNAME).
