# What Telegram's menu says about each command, in one line: command-<name>.
command-start = Начать
command-today = Сегодня: приход, уход, время на работе
command-me = Этот месяц: дни, часы, опоздания
command-history = Последние 14 дней
command-correct = Попросить исправить
command-why = Почему отметка такая?
command-language = Выбрать язык
command-privacy = Что обо мне хранится
command-mydata = Мои данные файлом
command-forget = Удалить мои данные
command-help = Все команды
command-now = Кто на работе, кто опоздал, кого нет
command-report = Отчёт за месяц (Excel)
command-office = Офисы
command-invite = Ссылка-приглашение
command-approve = Запросы, которые ждут моего решения
