# What Telegram's menu says about each command, in one line: command-<name>.
command-start = Begin
command-today = Today: arrival, departure, time at work
command-me = This month: days, hours, lates
command-history = The last 14 days
command-correct = Ask for a correction
command-why = Why does my record say this?
command-language = Choose the language
command-privacy = What is kept about me
command-mydata = My data as a file
command-forget = Delete my data
command-help = All commands
command-now = Who is in, who is late, who is missing
command-report = The month's report (Excel)
command-office = Offices
command-invite = An invitation link
command-approve = Requests that wait for my decision
