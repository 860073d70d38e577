# $radius and the numbers of people's accounts come as text; $people is a number.
office-list =
    { $offices ->
        [one] 🏢 { $offices } office
       *[other] 🏢 { $offices } offices
    }
office-none = 🏢 There is no office yet.
office-line =
    { $people ->
        [one] 🏢 { $name }: { $people } person, radius { $radius } m
       *[other] 🏢 { $name }: { $people } people, radius { $radius } m
    }
office-place = 📍 { $place } · 🕘 { $zone }
office-managers = 👤 Managers: { $names }
office-unmanaged = 👤 No manager
office-usage =
    /office – the list of offices
    /office Head office – about one office
    /office add Head office radius 150 – a new office (a time zone may follow: Asia/Baku)
    /office Head office radius 200 – change the radius
    /office Head office people 5100000007 -5100000014 – add somebody, take somebody else (minus) out
    /office Head office manager 5100000007 – appoint a manager
    /office Head office remove – remove the office
office-where =
    📍 Where is “{ $name }”? Send its location within { $minutes } minutes: 📎 ➝ Location.
    This location will not count as a check-in.
office-button-cancel = ✖️ Cancel
office-cancelled = ✖️ “{ $name }” was not added. Your next location is a check-in again.
office-nothing-asked = There is nothing to cancel.
office-opened =
    ✅ “{ $name }” was added.
    📍 { $place }, radius { $radius } m, { $zone }
    This location was not recorded as a check-in.
office-resized = ✅ “{ $name }”: the radius is { $radius } m now.
office-changed = ✅ Changed.
office-remove = 🗑 Remove “{ $name }”?
office-button-remove = 🗑 Remove
office-button-keep = ↩️ Keep
office-removed = 🗑 “{ $name }” was removed. Past records still name it.
office-not-removed = Not removed: the office is gone already, or people work there.
office-stays = ↩️ The office stays.

office-admins-only = Only admins can change offices. Write /office for the list.
office-unknown = There is no office “{ $name }”. Write /office for the list.
office-name-long = An office's name can have { $length } characters at most.
office-name-taken = There is an office “{ $name }” already. Choose another name.
office-radius-wrong = The radius must be { $least }–{ $most } metres. For example: radius 150
office-zone-wrong = There is no time zone “{ $zone }”. For example: Asia/Baku
office-ids-wrong = Write the Telegram ids of one to { $most } people. For example: 5100000007
office-people-unknown = Nobody is known under: { $ids }. Nothing was changed.
office-not-empty = People work in “{ $name }”. Take them out first: /office { $name } people -ID
