# The screen of `huis chat`.

screen-too-small = Please make this window at least 40 × 12.
you = you

# Connection.

offline = Offline. What you write goes out when you are back.
offline-waiting =
    { $count ->
        [one] Offline. { $count } message will go out when you are back.
       *[other] Offline. { $count } messages will go out when you are back.
    }
joining-count =
    { $count ->
        [one] Joining { $count } conversation…
       *[other] Joining { $count } conversations…
    }
held-count =
    { $count ->
        [one] { $count } message is held back: an identity key changed.
       *[other] { $count } messages are held back: an identity key changed.
    }

# The list.

list-title = Conversations
list-favourites = Favourites
list-others = Others
list-requests = Requests
list-archived = Archived { $count }
list-empty = No conversation yet. Press Ctrl+K, or write to somebody with /dm NAME.
list-typing = writing
list-draft = draft
list-muted = muted
list-all-read = Everything is read.
welcome-choose = Choose a conversation with ↑ and ↓, open it with ↵.
welcome-empty = No conversation yet.

# The header.

header-here = here
header-people =
    { $count ->
        [one] { $count } person
       *[other] { $count } people
    }
header-count-here = { $count } here
header-pins = { $count } pinned
trust-verified = verified
trust-not-yet = not verified
trust-broken = key changed since you compared it
trust-changed = key changed

# Days.

day-today = Today
day-yesterday = Yesterday
day-of-this-year = { $weekday }, { $day } { $month }
day-of-year = { $weekday }, { $day } { $month } { $year }
day-short = { $day } { $month }
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
month-short-1 = Jan
month-short-2 = Feb
month-short-3 = Mar
month-short-4 = Apr
month-short-5 = May
month-short-6 = Jun
month-short-7 = Jul
month-short-8 = Aug
month-short-9 = Sep
month-short-10 = Oct
month-short-11 = Nov
month-short-12 = Dec

# Messages.

timeline-beginning = This is the beginning of { $name }.
timeline-empty = Nothing was said here yet.
timeline-new = new
timeline-to-newest = newest: Ctrl+End
timeline-to-newest-count =
    { $count ->
        [one] { $count } new message: Ctrl+End
       *[other] { $count } new messages: Ctrl+End
    }
message-forwarded = forwarded
message-device-unlisted = from a device that is not on its account's list
message-deleted = (deleted)
message-deleted-by = (deleted by { $name })
message-unknown-kind = (something that this version cannot show: { $kind })
lock-text = A text that opens { $when } (in { $left })
lock-files =
    { $count ->
        [one] A file that opens { $when } (in { $left })
       *[other] { $count } files that open { $when } (in { $left })
    }
lock-due = The time has come; waiting for the server
lock-due-drand = The time has come; waiting for the public beacon drand
lock-own = Others read this from { $when } on (in { $left })
lock-own-due = Others read this from now on
lock-withdrawn = Withdrawn before it opened
lock-broken = This does not open; the notices say why
lock-no-moment = { $typed } is no time: write 2h, 2026-12-31T09:00 or 31:12:2026:09:00:00.
file-line = 📎 { $name } ({ $size })
file-voice-line = 🎤 { $name } ({ $size })
file-voice = Voice note, { $length }
file-voice-plain = Voice note
picture-not-shown = The small picture can't be shown.
picture-none = This message has no picture that can be drawn here.
file-waiting = waiting
file-going = { $bar } { $percent } %
file-speed = { $size }/s
file-left = { $span } left
file-going-paused = { $bar } { $percent } %, paused
file-paused = paused
file-saved = saved at { $path }
message-edited = edited
message-pinned = pinned
message-vanishes = ⏳ { $span }
message-view-once = (to be opened once: o)
message-view-once-own = (can be opened once; it is not kept here)
message-view-once-line = (to be opened once)
message-locked-line = (opens later)
message-vanishing-line = (a message that vanishes)
span-seconds = { $count } s
span-minutes = { $count } min
span-hours = { $count } h
span-days = { $count } d
timer-reading = Messages vanish { $span } after they are read.
timer-sending = Messages vanish { $span } after they are sent.
message-waiting = waiting
message-held = held back
message-failed = not sent
message-not-own = Only your own messages can be edited.
message-copied = Copied.
message-forwarded-to = Forwarded to { $name }.
conversation-arrived = { $name } is in the list.
message-quoted-not-here = The message that this one answers is not here.
receipt-read = read
receipt-read-by-all = read by all
receipt-read-by = read by { $count } of { $others }
receipt-delivered = { $count } of { $others }
typing-one = { $name } is writing…
typing-two = { $name } and { $other } are writing…
typing-many = { $count } people are writing…

# The composer, and what stands in its place.

composer-hint = write a message, / for commands
composer-replying = Answer to { $name }: { $text }
composer-editing = Editing
composer-too-long = This would be { $bytes } bytes; a message holds { $most }. Nothing was added. Send it in parts.
bar-request = { $name } would like to talk with you.
bar-accept = accept
bar-decline = decline
bar-block = block
bar-held = This conversation has members whom your account does not know. It was not joined.
bar-join-anyway = join anyway
bar-left = You are no longer in this conversation. What was said can still be read.

# Actions.

action-retry = try again
action-discard = discard
action-go-on = go on
action-cancel = cancel
action-search = Search
action-details = People and details
action-next-unread = Next unread conversation
action-favourite = Favourite, or not
action-archive = Archive, or take back
action-mute = Mute, or not
action-notifications = Call me for: all, mentions, none
action-leave = Leave this conversation
action-help = Help
action-quit = Quit

confirm-title = Are you sure?
confirm-no = no
confirm-delete = Delete “{ $text }” for everybody?
confirm-delete-other = Delete “{ $text }”, which { $name } wrote, for everybody?
confirm-delete-yes = delete
confirm-discard = Discard this message? It was not sent.
confirm-discard-yes = discard
confirm-leave = Leave { $name }? You will get nothing more that is said there.
confirm-leave-yes = leave
confirm-block = Block { $name }? Nothing more of theirs will reach you.
confirm-block-request = Decline this request, and block who sent it?
confirm-decline-request = Decline this request?
confirm-decline-yes = decline
confirm-join-anyway = Join, although your account does not know who is in there?
confirm-join-anyway-yes = join
confirm-block-yes = block
confirm-identity = Go on with the changed identity key of { $name }, without comparing? Somebody may be between you. What waits goes out.
confirm-identity-yes = go on
confirm-verify = Did you compare the safety number with { $name }, and was it the same?
confirm-unverify = Take { $name } for not compared again?
confirm-verify-yes = yes

# Overlays.

emoji-title = React
palette-title = Go to
palette-forward = Forward to
palette-hint = a conversation or a command
palette-nothing = Nothing of that name.
receipts-title = Who has it
receipts-none = Nobody has confirmed it yet.
receipts-read = read { $time }
receipts-delivered = got it { $time }
search-title = Search
search-hint = words
search-nothing = Nothing was found.
search-filters = Filters: from:NAME  in:#ROOM  in:@NAME  before:2026-01-31  after:2026-01-01  has:link  has:mention

# Details.

details-title = Details
details-safety-number = Safety number
details-verified = ✓ You have compared it.
details-not-verified = Not compared yet. Read it to each other, then press v.
details-identity-changed = ! The identity key changed. Compare the number, then press v.
details-broken = ! The identity key changed since you compared it, and what you write waits. Compare anew, then press v; or /verify.
details-blocked = Blocked.
details-muted = Muted.
details-devices =
    { $count ->
        [one] { $count } device
       *[other] { $count } devices
    }
details-keys = With ↑ in the messages: v verified, b block.
details-pinned = Pinned
notify-all = Calls you for every message.
notify-mentions = Calls you for mentions.
notify-none = Never calls you.
role-owner = owner
role-admin = admin

# The footer: a word for each key.

key-archive = archive
key-cancel-file = cancel
key-back = back
key-cancel = cancel
key-choose = choose
key-close = close
key-copy = copy
key-delete = delete
key-details = people
key-edit = edit
key-favourite = favourite
key-forward = forward
key-go = go to
key-go-there = go there
key-help = help
key-line = new line
key-list = list
key-messages = messages
key-move = move
key-mute = mute
key-no = no
key-open = open
key-pause = pause, go on
key-pin = pin
key-quit = quit
key-quoted = to the quote
key-react = react
key-receipts = who has it
key-reply = reply
key-save = save
key-scroll = scroll
key-search = search
key-send = send
key-space = Space
key-yes = yes

# Help.

help-title = Keys
help-everywhere = Everywhere
help-palette = go to a conversation or command
help-search = search in all messages
help-next = conversation above, below
help-unread = next unread conversation
help-details = who is here, details
help-scroll = scroll the messages
help-newest = to the newest message
help-tab = to the list and back
help-help = this help
help-quit = quit
help-writing = Writing
help-send = send
help-line = new line
help-select = choose a message
help-history = what you sent before
help-undo = undo, redo
help-word = delete a word
help-cancel = cancel, back
help-message = On a message (choose it with ↑)
help-reply = reply
help-edit = edit your own
help-delete = delete for everybody
help-react = react
help-pin = pin, unpin
help-forward = forward
help-copy = copy
help-receipts = who has it, who read it
help-open-once = open what can be opened once
help-quoted = go to the quoted message
help-trouble = try again; discard what was not sent, cancel files
help-save = save its files
help-view = see its pictures large
help-pause = pause its files, or go on with them
help-list = In the list
help-open = open
help-favourite = favourite
help-archive = archive
help-mute = mute
help-notifications = call me for: all, mentions, none
