# What the web app says beside what it shares with the terminal. A key that the terminal has as well is said otherwise here.

# Words on buttons.
key-change = change
key-copy = Copy
key-more = More
key-save = Save
key-send = Send
key-reply = Reply
key-close = Close
key-cancel = Cancel
key-back = Back

# Before somebody is signed in.
entry-welcome = Welcome
entry-welcome-page = A quiet room with a good door: only those who are in a conversation can read it, not even the server.
entry-foot = End-to-end encrypted
entry-register-page = It lives on this server, which stores messages that it cannot read.
entry-recover-about = By the recovery key that you kept. Every other session of the account ends.
entry-unlock-about = It opens with the password of the last sign-in or change on this device.
entry-go-register = Create account
entry-go-sign-in = Sign in
entry-go-recover = Set the new password
entry-go-unlock = Open
entry-stay = Stay signed in
entry-stay-about = On a device of your own. Otherwise it locks after 15 quiet minutes.
entry-show = Show what is typed
entry-hint-admission-page = From whoever runs the server. Leave it empty where anybody may register.
entry-hint-recovery-key = It was shown when the account was made.
entry-use-passphrase = I have a passphrase
entry-use-invitation = I have an invitation
entry-use-claim = I run this server
entry-has-passphrase = Your link brought the access passphrase.
entry-has-invitation = Your link brought an invitation.
entry-has-claim = Your link brought the operator's code.
entry-key = Your recovery key
entry-key-page = It opens your account if you forget the password. It is shown this once, and nobody can show it again: keep it where you keep what matters.
entry-key-download = Save as a file
entry-key-kept = I have kept it
entry-key-browser = If your browser asks whether this page may keep its data, say yes: your conversations are kept here alone.
entry-keep-browser = If your browser then asks whether this page may keep its data, say yes: else it may throw away what is kept here when space is short.
entry-key-file =
    Huis recovery key of { $name }

    { $key }

    It opens the account when the password is forgotten. Keep it away from this device.
entry-forgot-lock = I have forgotten the password

standing-opening = Opening Huis…
standing-elsewhere = Huis is open in another tab
standing-elsewhere-about = One tab at a time has your conversations. You can go on here; the other tab then lets go.
standing-taken-over = Huis went on in another tab
standing-taken-over-about = Nothing is lost. You can go on here again.
standing-take-over = Go on here
standing-locked-of = It opens with the password that { $name } last signed in with or chose on this device.
standing-locked-wrong = The password is wrong for this device. Letter case counts; one that was changed on another device does not count here.
standing-lost = What was kept here is gone
standing-lost-about = This browser has thrown away or damaged what Huis kept in it. Your account is unharmed, and other devices still have everything.
standing-lost-next = Sign in again as a new device. What was written here and never sent cannot be brought back.
standing-gone-about = Somebody was signed in here, and this browser has nothing any more of what Huis kept in it. Browsers make room by themselves where space is short or nobody came for long; clearing a page's data does the same. Your account is unharmed, and other devices still have everything.
standing-gone-next = Sign in again: this becomes a new device of your account, and gets what is said from then on. What was written here and never sent cannot be brought back.
standing-begin-anew = Begin anew
standing-begin-anew-question = Forget everything that this browser kept for Huis, with all that was never sent?
standing-begin-anew-yes = Forget and begin anew

unable-insecure = This page needs HTTPS
unable-insecure-about = Browsers keep no keys for a page that comes over an unprotected connection. Huis would have nowhere to keep yours.
unable-insecure-address = Open the address that begins with https://.
unable-insecure-here = On the server's own machine, http://localhost works as well.
unable-insecure-operator = Otherwise ask whoever runs this server to start it with --tls. The same address then shows how this device comes to trust it.
unable-files = This window keeps nothing
unable-files-about = Huis stores your messages, encrypted, in files of this browser, and this window has none. Private windows often do not: open the page in an ordinary one.
unable-newer = A newer Huis is here
unable-newer-about = Another tab has loaded a newer version, which has changed how things are stored. Load this page anew to go on.
unable-other = Huis cannot run here
unable-other-about = Something that Huis needs is missing in this browser. A recent Firefox, Chrome, Edge or Safari has it all.
unable-reload = Load anew

ended-title = Huis has stopped
ended-about = Everything that was sent and kept is safe. Load the page anew to go on.

update-ready = A new version is ready.
update-load = Load it

# The list.
list-empty = No conversation yet.
list-empty-title = It is quiet here
list-empty-about = Go into the lobby, where everybody of this server may be, or write to somebody you know.
lobby-join = Go into #lobby
list-archived =
    { $count ->
        [one] { $count } archived
       *[other] { $count } archived
    }
list-was-archived = Archived. A new message brings it back.
list-was-taken-back = It is in the list again.
list-favourite = favourite
list-mentions = you are mentioned
list-unread =
    { $count ->
        [one] { $count } unread message
       *[other] { $count } unread messages
    }
list-draft-label = Draft:
list-you = You:
list-wants-to-talk = would like to talk with you
list-nothing-said = Nothing was said here yet
catching-up = Fetching what was said meanwhile…
search-field = Search
search-clear = Clear the search
search-filters-plain = Also: from:name, in:#room, before:2026-01-31, after:2026-01-01, has:link, has:mention
found-messages = Messages
found-title = Messages that were found
found-asking = Looking…
found-nothing = No message found
found-nothing-about = Whole words are looked for; the last one may be a beginning.
found-write = Write to @{ $name }
found-join = Go into #{ $name }

# The conversation.
talk-title = Conversation
talk-sealed = end-to-end encrypted
talk-search = Search in this conversation
state-joining = being joined…
state-repairing = being joined anew…
state-held = not joined
state-left = you are no longer here
welcome-title = Choose a conversation
welcome-about = What is said in it stays between those who are in it.
welcome-none-title = A quiet room
welcome-none-about = Your conversations will be here.
first-title = Say hello to @{ $name }
first-about = Your first message opens the conversation. They may accept it or turn it away.
timeline-title = Messages
timeline-beginning-with = This is where you and { $name } begin.
timeline-sealed = Only those who are here can read it.
timeline-new-messages = New messages
timeline-unread = This could not be read
timeline-say-hello = Nothing was said here yet. Say hello.
timeline-to-newest-plain = To the newest message
timeline-to-newest-new =
    { $count ->
        [one] To { $count } new message
       *[other] To { $count } new messages
    }
header-pins =
    { $count ->
        [one] { $count } pinned message
       *[other] { $count } pinned messages
    }
message-was-deleted = This message was deleted.
message-was-deleted-by = { $name } deleted this message.
message-once = A message to be opened once.
message-once-open = Open it
message-once-own = Can be opened once; it is not kept here.
message-once-gone = It is gone on all your devices when you close this.
message-once-files = For an hour its files can be fetched here.
message-vanishes-title = Vanishes
message-show-all = Show all
message-show-less = Show less
message-reactions = Reactions
message-held-title = Waits.
message-failed-title = Not sent.
reach-sent = sent
reach-delivered = delivered
reach-delivered-to = delivered to { $count } of { $others }
request-accept = Accept
request-decline = Decline
request-block = Block
request-about = They learn nothing until you accept.
held-join = Join anyway
spoken-title = New messages
spoken-elsewhere = New message from { $name } in { $place }

# The composer.
composer-title = Write a message
composer-hint-to = Write to { $name }
composer-hint-plain = Write a message
composer-emoji = Emoji
composer-once = Can be opened once
composer-candidates = Suggestions
composer-reply-to = Reply to { $name }
composer-too-long-to-send = This is { $bytes } bytes; a message holds { $most }. Send it in parts.
later-title = Open later
later-opens = Opens { $when }
later-opens-drand = Opens { $when }, by drand
later-hour = In an hour
later-evening = This evening
later-morning = Tomorrow morning
later-week = Next week
later-day = Day
later-time = Time
later-when = Opens { $when }, your time, by the server's clock.
later-when-drand = Opens { $when }, your time.
later-none = Choose a day and a time.
later-over = That moment is over. Choose a later one.
later-far = A message can be locked for ten years at most. Choose an earlier moment.
later-about = Until then only this device reads it: nobody else in the conversation does, and the server alone does not. A member and the server's operator together could.
later-drand = Without trusting this server
later-drand-about = The public beacon drand publishes what opens it then.
later-about-drand = Until then only this device reads it. This server and the members together could not open it earlier; most of the beacon's operators together with a member could. If the beacon ever ends, it never opens.
later-go = Lock until then
later-off = No lock
emoji-title = React
emoji-find = Find an emoji
emoji-more = More emoji
emoji-faces = Faces
emoji-gestures = Hands and people
emoji-hearts = Hearts and joy
emoji-nature = Nature
emoji-food = Food and drink
emoji-things = Things

# What can be done.
action-retry = Try again
action-discard = Discard
menu-message = Message
menu-conversation = Conversation
menu-reply = Reply
menu-copy = Copy text
menu-forward = Forward
menu-edit = Edit
menu-pin = Pin for everybody
menu-unpin = No longer pin
menu-receipts = Who has it
menu-retry = Try again now
menu-discard = Discard
menu-delete = Delete for everybody
menu-favourite = Keep at the top
menu-unfavourite = No longer keep at the top
menu-mute = Mute
menu-mute-8h = Mute for 8 hours
menu-unmute = Unmute
menu-archive = Archive
menu-unarchive = Take out of the archive
menu-leave = Leave
menu-withdraw = Withdraw
menu-report = Report
locks-title = What opens later
locks-waiting = Waiting
locks-withdraw = Withdraw, { $name }
locks-over = Over
locks-opened-at = Opened { $when }
locks-none = Nothing is locked. The clock beside the field locks what you write until a time that you choose.
locks-most = No more than { $count } are shown; those that wait come first.
report-message = Report a message
report-person = Report a person
report-message-about = Those who look after this server are told that you report a message, which one it is, that { $name } wrote it, and when. { $name } is not told.
report-person-about = Those who look after this server are told that you report { $name }. { $name } is not told.
report-as = What for
report-spam = Spam
report-abuse = Abuse
report-illegal = Illegal
report-other = Other
report-note = In your own words, if you like
report-reveal = Show them what it says
report-reveal-about = With the proof that it was said: all of its text, what it quotes, and the keys of its files. Nothing else of the conversation is shown.
report-block = Block { $name } as well
report-block-about = They no longer reach you, and are not told.
report-go = Report
report-done = Reported. What is decided is under Settings, Account, Your reports.
reports-title = Your reports
reports-none = No reports
reports-none-about = A message is reported by its menu, a person on their page.
reports-message = A message of { $name }
reports-person = { $name }
reports-about = { $category } · { $time }
reports-revealed = what it says was shown
reports-unrevealed = what it says was not shown
reports-open = Nobody has looked at it yet.
reports-taken = Somebody looks into it.
reports-acted = Something was done about it.
reports-dismissed = There was nothing to do about it.
forward-title = Forward to
forward-find = Find a conversation
confirm-delete-yes = Delete
confirm-discard-yes = Discard
confirm-drop-note = A voice note waits where nothing can be written. Drop it?
confirm-drop-note-yes = Drop it
confirm-withdraw = Withdraw this message before it opens? Nobody will read it, and everybody sees that it was taken back.
confirm-withdraw-yes = Withdraw
confirm-leave-yes = Leave
confirm-decline-yes = Decline
confirm-join-anyway-yes = Join
confirm-block-yes = Block
confirm-identity-yes = Send anyway
confirm-verify-yes = Yes, it was the same
confirm-remove = Take { $name } out of this conversation?
confirm-remove-yes = Take out

# A conversation begins.
begin-title = New conversation
begin-person = Person
begin-group = Group
begin-room = Open room
begin-person-name = Username
begin-person-hint = As it stands after @. Ask them for theirs.
begin-person-self = This is your own name. Type somebody else's.
begin-person-go = Write
begin-group-title = Title
begin-group-title-hint = Only those in the group see it.
begin-group-people = People
begin-group-people-hint = Usernames with spaces between them. You can invite more later.
begin-group-go = Make the group
begin-room-about = Anybody of this server may come into an open room. The server knows its name, not what is said.
begin-no-rooms = There is no open room yet.
begin-room-name = Name of a room
begin-room-hint = If there is none of this name, it is made.
begin-room-go = Go in
invite-title = Invite people
invite-about = Usernames with spaces between them. They see what is said from now on.
invite-go = Invite

# People and details.
details-group = Group
details-open-room = Open room
details-invite = Invite
details-describe = Title and topic
details-topic = Topic
details-topic-about = Inside the seal, as all that is said.
details-you = (you)
details-more-about = More about { $name }
member-make-member = Make a member
member-make-admin = Make an admin
member-make-owner = Make an owner
member-remove = Take out
details-all-members = Show all
loud-title = Call me for
loud-all = everything
loud-mentions = mentions
loud-none = nothing
loud-muted = Muted.
loud-muted-until = Muted until { $time }.
loud-not-muted = Not muted.
vanish-title = Messages vanish
vanish-off = No
vanish-counted = Counted from
vanish-from-reading = reading
vanish-from-sending = sending
vanish-about = For all members, and for what is said from here on. Whoever wants to keep a copy can.
person-title = Person
person-write = Write
person-block = Block
person-report = Report
person-unblock = Unblock
person-blocked = Blocked. Nothing of theirs reaches you.
person-compare = Compare numbers
person-compare-about = Read these digits to each other over another way than this one. If they are the same, nobody stands between you.
person-verified = Compared: they are who you take them for.
person-not-verified = Not compared yet.
person-key-changed = This person's key changed. Compare numbers before you go on.
person-verify = They are the same
person-unverify = No longer take it for compared
person-accept-key = Send anyway
person-broken = The key changed since you compared: they are not verified any more, and what you write waits.
changed-broken = The key of { $name } changed since you compared: { $name } is not verified any more, and what you write here waits.
changed-key = The key of { $name } changed. Compare numbers with { $name } before you go on.
person-compare-again = Compare again
person-code = Code to scan
person-code-about = Let them read this code, or read theirs.
person-read = Read their code
person-no-code = No code is seen in the picture. Go closer, or paste its text.
person-paste = The text of their code
person-paste-check = Compare

# Settings.
settings-title = Settings
settings-of = Settings of { $name }
settings-profile = Profile
settings-look = App
settings-account = Account
settings-server = Server
settings-saved = Saved.
settings-done = Done.
settings-card-name = Your name
settings-card-name-about = As you want to be called. Your username stays as it is.
settings-card-about = About you
settings-card-who = Only those with whom you talk see it.
settings-picture = Choose a picture
settings-picture-none = Remove it
settings-picture-not = This file is no picture that can be made small enough. Take a PNG, JPEG or WebP.
settings-privacy = Reading and writing
settings-read-receipts = Read receipts
settings-read-receipts-about = Others see that you have read their messages.
settings-presence = Presence
settings-presence-about = Others see that you are here or writing, and you see it of them.
settings-language = Language
settings-theme = Appearance
theme-system = Automatic
theme-light = Light
theme-dark = Dark
settings-notifications = Notifications
settings-notifications-on = This browser calls you for a message while Huis is open in it and you are elsewhere.
settings-notifications-denied = This browser may not call you. Its own settings for this page change that.
settings-notifications-ask = Be called when a message comes and you are elsewhere.
settings-notifications-allow = Allow
settings-notifications-about = For which messages, each conversation says for itself. A call while Huis is closed makes no difference between them.
notification-plain = A new message
pushes-off = While Huis is closed you can be called too, as long as your session lasts, through the maker of this browser. They learn that this server has something for you and when, not from whom and not what.
pushes-allow = Also call while closed
pushes-on = While Huis is closed you are called too, as long as your session lasts, through the maker of this browser. They learn that this server has something for you and when, not from whom and not what.
pushes-stop = Only call while open
pushes-never = This server calls nobody while Huis is closed.
pushes-impossible = This browser can't be called while Huis is closed. On a phone, add Huis to the home screen first.
pushes-failed = The maker of this browser did not take the wish: { $reason }
settings-storage = Kept in this browser
settings-storage-used = { $used } of { $most }
settings-storage-kept = The browser keeps it until you sign out.
settings-storage-not-kept = The browser may throw it away when space is short.
settings-storage-keep = Ask to keep it
settings-devices = Devices
settings-devices-about = Each one reads your messages. Take off what you do not know; what a device is called it says itself.
settings-device-this = this device
settings-device-used = last used: { $time }
settings-device-no-session = signed out
settings-device-added = added: { $time }
settings-device-unnamed = A device that has not said what it is
settings-device-revoke = Take off
settings-device-revoke-one = Take off, { $name }
settings-device-revoke-about = It reads nothing more from then on.
settings-session-began = signed in: { $time }
settings-session-end = End session
settings-session-end-one = End session, { $name }
settings-session-about = End this session? The device stays on your account and gets nothing more until somebody signs in there with your password.
settings-session-yes = End it
settings-sessions-end = End all other sessions
settings-sessions-about = End all sessions but this one? The devices stay on your account and get nothing more until somebody signs in there with your password.
settings-sessions-ended =
    { $count ->
        [one] { $count } session has ended.
       *[other] { $count } sessions have ended.
    }
settings-security = Security
settings-password = Change the password
settings-password-about = It counts on all your devices.
settings-password-others = End my other sessions
settings-password-others-about = For when somebody may know the password before this. Your other devices stay on your account and ask for the new one.
settings-recovery-key = Make a new recovery key
settings-recovery-key-about = The one before opens nothing any more. The new one is shown once: have something to write with.
settings-recovery-key-make = Make it
settings-factor = A second factor
settings-factor-about = Signing in then needs a code of your authenticator as well. Devices that are signed in go on.
settings-factor-scan = Scan this with your authenticator, or type the secret into it. Then type the code that it shows.
settings-factor-code = QR code for the authenticator
settings-factor-on = Turn the second factor on
settings-factor-off = Turn the second factor off
settings-factor-off-about = The password alone is enough to sign in then.
settings-codes = Recovery codes
settings-codes-about = Shown this once. Each stands once for a code, where the authenticator is lost: keep them away from it.
settings-codes-make = Make other recovery codes
settings-codes-make-about = Those that are left count no longer.
settings-codes-kept = I keep them
settings-lock = Lock
settings-lock-about = What is kept here goes under your password. Nothing is lost, and what was not sent is sent after unlocking.
settings-sign-out = Sign out
settings-sign-out-about = This device goes off your account, and all that is kept here is erased. Without the password it stays on the list until another device takes it off.
settings-sign-out-anyway = Sign out anyway
settings-identity = Identity key
settings-identity-about = By it others know you. The safety numbers are made of it.
settings-history = History on new devices
settings-history-about = A device that you add later can restore what your devices have. They leave it at the server, sealed; the server reads none of it. Messages that vanish or are opened once never go there, and what is deleted leaves it.
settings-history-cost = Whoever opens your account with your password or your recovery key then reads all that is kept, however long ago it was said. Without an archive, keys are forgotten and nobody can.
settings-history-on = Keep my history
settings-history-off = Keep it no longer
settings-history-off-about = Take all that is kept at the server out of it? What your devices have stays on them.
settings-history-is-on = It is kept: { $size } at the server.
settings-history-restoring = Restored here: { $done } of { $all } parts.
settings-server-about = It carries and keeps your messages, and can read none of them.
settings-invite = Invite somebody to this server
settings-invite-about = A link for one newcomer, good for a week. Who runs the server can make one.
settings-invite-make = Make an invitation

# Keys.
shortcut-sheet = Keyboard shortcuts
shortcut-search = search everything
shortcut-begin = new conversation
shortcut-panes = next part of the page
shortcut-edit-last = edit your last message (in an empty field)
shortcut-mention = name somebody
shortcut-emoji = emoji by its name
shortcut-later = let it open later
shortcut-voice = record a voice note
shortcut-to-messages = to the messages
shortcut-on-message = On a message
shortcut-menu = all that can be done
shortcut-move = up and down

# As the terminal says it, without what is typed there.
failure-already-signed-in = { $name } is signed in here. Sign out first.
failure-unknown-room = There is no room { $name }. Check the spelling, or make it under New conversation.
failure-unknown-device = The account has no device { $name }. The settings show them all.
failure-unknown-member = { $name } is not in this conversation. The details show who is.
failure-not-allowed = Your role in this conversation does not allow that. Ask an owner or admin; the details show who is one.
failure-not-a-member = You are not in this conversation (any more). A member can invite you; an open room lets you in again.
failure-identity-changed = The key of { $name } has changed, and nothing is sent before you have compared, or gone on without.
failure-other-pair = This code is not the one that { $name } shows for you. Let them open the code with your name, and read that one.
failure-other-number = This is not the safety number with { $name } that counts here, so nothing is changed. Look at it again and compare anew.
failure-blocked = { $name } is blocked. Unblock them first.
failure-database = What is kept here cannot be used: { $reason }. Check that the device has space left.
notice-identity-changed = The key of { $name } has changed. Nothing is sent to { $name } before you compare numbers and accept it.
notice-identity-handed-over = { $name } has another key, to which the one before has signed the account over; somebody who stole that one could do this as well. Nothing is sent to { $name } alone before you compare numbers and accept it.
notice-identity-broken = You had compared numbers with { $name }, whose key has changed since: somebody may be between you. What you write to { $name }, in groups as well, waits here until you compare again, or send it anyway.
notice-identity-broken-by-handover = You had compared numbers with { $name }, who has another key since. The one before has signed the account over to it, which somebody who stole that one could do as well. What you write to { $name }, in groups as well, waits here until you compare again, or send it anyway.
notice-own-device-added =
    { $count ->
        [one] Your account has a new device. If you did not add it, take it off at once in the settings, and renew your identity: somebody knows your password.
       *[other] Your account has { $count } new devices. If you did not add them, take them off at once in the settings, and renew your identity: somebody knows your password.
    }
notice-recovery-key-changed = Your account has another recovery key, made on another one of your devices; the one before opens nothing any more. If that was not you, somebody knows your password: renew your identity in a terminal.
notice-second-factor-on = Another one of your devices has turned the second factor on: signing in, and the recovery key, need a code as well from now on. If that was not you, somebody knows your password and is signed in as you. It cannot be undone from here: keep this device signed in, and tell your contacts and whoever looks after the server.
notice-second-factor-off = Another one of your devices has turned the second factor off: the password alone is enough to sign in. If that was not you, somebody knows your password and had a code: renew your identity in a terminal.
notice-identity-renewed = Your account has the new identity key that you asked for, and this is its only device.
notice-vault-set-back = The restored server may have the account's password and vault of an earlier time. If that password is known to somebody else, change it in the settings.

# Files.
files-attach = Attach files
files-to-send = Files to send
files-take-out = Take { $name } out
files-too-many = A message brings at most { $count } files.
files-strip = Photos without place and camera
files-strip-about = What says where, when and with what they were taken is left out.
files-not-stripped = Nothing is taken out of films, and of pictures other than JPEG, PNG and WebP: they may say where and when they were taken.
files-look = Look at { $name }
files-fetch = Download { $name }
files-save = Save { $name }
files-pause = Pause { $name }
files-resume = Go on with { $name }
files-again = Try { $name } again
files-cancel = Cancel { $name }
files-progress = How much is there
files-done-of = { $done } of { $size }
files-left-seconds =
    { $count ->
        [one] { $count } second left
       *[other] { $count } seconds left
    }
files-left-minutes =
    { $count ->
        [one] { $count } minute left
       *[other] { $count } minutes left
    }
files-left-hours =
    { $count ->
        [one] { $count } hour left
       *[other] { $count } hours left
    }
details-files = Files
viewer-title = Picture
viewer-nearer = Larger
viewer-farther = Smaller
viewer-before = The one before
viewer-after = The next one
viewer-broken = This picture cannot be shown. It can be downloaded.

# Voice notes.
voice-title = Voice note
voice-record = Record a voice note
voice-asking = Allow the microphone, so that others can hear you.
voice-recording = Recording
voice-sending = Sending
voice-send = Send the voice note
voice-drop = Drop the recording
voice-refused = The microphone is not allowed here. Allow it for this page beside the address, or in the browser's settings, and press again.
voice-missing = No microphone was found. Connect one, and press again.
voice-unable = The microphone cannot be used. Another program may have it.
voice-nothing = Nothing was recorded.
voice-waits = A voice note waits in another conversation. Send it there or drop it first.
voice-left = Ended as you went elsewhere. Send it or drop it.
voice-hidden = Ended as the page was hidden. Send it or drop it.
voice-lost = Ended as the microphone was gone. Send it or drop it.
voice-full = This is as long as a voice note gets. Send it or drop it.
voice-not-sent = It was not sent. Try again or drop it.
voice-play = Play the voice note
voice-pause = Pause the voice note
voice-place = Place in the voice note
voice-speed = Speed
voice-broken = This cannot be played here. It can be downloaded.
film-play = Play { $name }
