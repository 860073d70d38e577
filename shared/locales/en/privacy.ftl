# Whoever changes the meaning of this text raises access.CONSENT_VERSION: people are then asked again.
consent =
    🔐 Before we begin we need your consent (Law of Azerbaijan No. 998-IIIQ on Personal Data).

    🎯 Purpose: keeping account of your working time in the company.
    📋 Data: your Telegram ID, name and language; the locations you send and when; your hours, lateness and corrections.
    ⚙️ What is done: collected, stored, turned into an address (a map service gets a rounded point, never your name), counted as hours, shown to your manager and the administrator. Your location is seen only when you send it.
    ⏳ How long: { $days ->
        [one] exact locations for { $days } day
       *[other] exact locations for { $days } days
    }, then made coarse. Everything else until you delete it.
    ↩️ Withdrawal: write /forget at any time to withdraw your consent and delete your data; only nameless totals of hours stay. /privacy says what is kept.

    Nothing is recorded until you agree.
button-agree = ✅ I agree
button-not-now = Not now
consent-given = ✅ Consent given: { DATETIME($date, dateStyle: "medium") }, { $time }
consent-declined = All right, nothing was recorded. If you change your mind, open the link you came by again, or write /start.

privacy =
    🔐 What is kept about you

    👤 Your Telegram ID, name and language
    📍 The locations you send: { $days ->
        [one] exactly for { $days } day
       *[other] exactly for { $days } days
    }, then coarsely
    🕘 When you came and left, hours, lateness, corrections: until you delete them
    👁 You, your manager and the administrator see this. Every look is written down.

    /mydata – get your data as a file
    /forget – withdraw your consent and delete
privacy-no-consent = ℹ️ The bot has no consent of yours: your company obtains it in another way.

forget-warning =
    ⚠️ Do you want your data deleted?

    Deleted: your name and language, all locations and addresses, correction requests, your consent. You will also leave the bot.
    Kept: nameless hours.

    You may want to get a copy with /mydata first.
forget-second-warning = ❗ Last warning: this cannot be undone. Delete everything?
button-forget = Continue
button-forget-all = 🗑 Yes, delete everything
button-keep = ↩️ No, keep it
forget-kept = 👍 Nothing was deleted.
forgotten = 🗑 Your data was deleted.
forgotten-deleted = Deleted: your name, language, addresses, correction requests and your consent.
forgotten-marks = 📍 Entries and locations deleted: { $marks }
forgotten-days = 🕘 Working days kept without a name: { $days }
forgotten-farewell = The messages in this chat are yours to delete. Goodbye! 👋
