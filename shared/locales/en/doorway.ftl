# One and the same for everybody who is not with the company: it must tell nothing about who works there.
stranger =
    Hello! 👋 This bot is for the company's employees only.
    If you are one, please ask your manager for access.

request-passed-on = 📨 Your request was passed on to the administrator. We will write to you when it is decided.
request =
    🙋 Somebody asks to be let in
    👤 { $name }
    🆔 { $account }
button-admit = ✅ Let in
button-turn-away = ❌ Turn away
request-admitted = ✅ { $name } was let in.
request-turned-away = ❌ { $name } was turned away.
request-decided-already = This request was already decided.
admitted =
    ✅ Your request was approved, welcome!
    When you arrive at work and when you leave, send your location with the button below.
turned-away = We are sorry, your request was not approved. If you have questions, please ask your manager.

invite-made =
    { $uses ->
        [one] 🔗 An invitation link for { $uses } person
       *[other] 🔗 An invitation link for { $uses } people
    }
invite-office = 🏢 { $office }
invite-until = ⏳ Valid until { DATETIME($date, dateStyle: "medium") }, { $time }
invite-usage =
    Write: /invite [people] [days] [office]
    For example: /invite 5 14
    People: 1–{ $uses }, days: 1–{ $days }. The office must be one that you manage.
invite-no-bot-name = The bot's name is not configured, so no link can be made. Please tell the system administrator (TELEGRAM_BOT_USERNAME).
