# Why something was not done, and what to do about it: the thing, the reason, the next step.

failure-not-signed-in = Nobody is signed in here. Register or sign in first.
failure-already-signed-in = { $name } is signed in here. Sign out first, or use another profile (--profile).
failure-registration-cut-off = Whether { $name } was registered at { $server } is not known. Register again with the same name and password.
failure-session-ended = The session has ended. Sign in again: nothing that is here is lost.
failure-wrong-password = The name or the password is wrong. Check both; letter case counts in the password.
failure-needs-second-factor = This account has a second factor: a code that your authenticator shows, or a recovery code, is needed as well.
failure-wrong-second-factor = This code is wrong, or was used already. Wait for the next one.
failure-needs-recovery-key = The password of this account opens nothing by itself: its recovery key is needed as well.
failure-revoked = This device was taken off your account. What it has stays readable here, and nothing new comes.
failure-wrong-recovery-key = The name or the recovery key is wrong. The key was shown when the account was made.
failure-locked = This device is locked. It opens with the password.
failure-weak-password = The password is too easy to guess: { $advice }. Take four words or more that do not belong together.
failure-unknown-account = There is no account { $name }. Check the spelling: a username stands after @.
failure-unknown-room = There is no room { $name }. /rooms shows them all, /join { $name } makes it.
failure-unknown-conversation = There is no conversation { $name }. The list shows them all.
failure-unknown-device = The account has no device { $name }. /devices shows them all.
failure-unknown-member = { $name } is not in this conversation. F2 shows who is.
failure-unknown-message = This message is not here (any more).
failure-unknown-other = There is no { $name } here. Check the spelling.
failure-ambiguous = Several conversations are called { $name }. Choose one from the list.
failure-invalid = That does not work: { $reason }.
failure-not-allowed = Your role in this conversation does not allow that. Ask an owner or admin; F2 shows who is one.
failure-not-a-member = You are not in this conversation (any more). A member can invite you; an open room lets you in by /join.
failure-identity-changed = The identity key of { $name } has changed, and nothing is sent before you have compared the safety number, or gone on without: /verify { $name }.
failure-other-number = This is not the safety number with { $name } that counts here, so nothing is changed. Look at it again by /verify { $name } and compare anew.
failure-other-pair = This code is not the one that { $name } shows for you: it was made for somebody else, or by somebody else. Let { $name } open the code with your name, and scan again.
failure-blocked = { $name } is blocked. /unblock { $name } undoes that.
failure-unsent =
    { $count ->
        [one] { $count } message has not been sent yet and would be lost. Wait until it has gone out, or discard it.
       *[other] { $count } messages have not been sent yet and would be lost. Wait until they have gone out, or discard them.
    }
failure-server-too-old = The server is version { $version } of Huis; this program needs { $oldest } or newer. Ask its operator to update it.
failure-offline = The server cannot be reached: { $reason }. Check the address and that the server runs, then try again.
failure-certificate-changed = The server's certificate is not the one that was seen at first. Ask its operator whether it was changed; if not, somebody is in between.
failure-bad-answer = The server's answer was refused: { $reason }. This is a bug or an attack; please report it.
failure-file = { $name } cannot be used: { $reason }.
failure-file-refused = What the server gives for { $name } is not what was sent, so nothing of it is kept. Fetch it again; if that does not help, ask for it anew.
failure-file-gone = The server no longer has { $name }. Ask its sender to send it again.
failure-busy = Too much is waiting already. Try again in a moment.
failure-database = The database cannot be used: { $reason }. Check that the disk has space and that no copy of the profile is in use.
failure-internal = A fault of this program: { $reason }. Please report it.
failure-stopped = The program behind this screen has stopped. Try again.

# What a server refused, by its code.
refused-name-refused = The server does not take this name: letters a to z, digits, and . _ - between them. Choose another.
refused-name-taken = This name belongs to somebody already. Choose another.
refused-name-looks-alike = This name could be mistaken for one that belongs to somebody. Choose another.
refused-forbidden = The server does not allow you to do that. Somebody of a higher role may.
refused-passphrase = The access passphrase is missing or wrong. Ask the server's operator for it, or for an invitation.
refused-claim = The one-time code is wrong or used up. The server shows the valid one where it was started, until it is used.
refused-invitation = The invitation is missing, wrong, used up or expired. Ask whoever invited you for another.
refused-registration-closed = Nobody can register on this server. Ask its operator.
refused-suspended = The account is suspended. The server says: “{ $message }” Ask its operator.
refused-banned = The server keeps this name or address out. It says: “{ $message }” Ask its operator.
refused-proof = The server does not take the proof that you may do this. Sign in again, then try once more.
refused-not-found = The server knows no such thing, or it is not for you to know. Check the name.
refused-conflict = Somebody else was faster, and the server kept theirs. Look at what is there, then try again.
refused-conversation-exists = This conversation exists already. The list shows it.
refused-time-lock = The server does not take this lock; choose another time.
refused-time-locked = This message opens later.
refused-time-lock-opened = The message has opened already; delete it instead.
refused-time-lock-withdrawn = The message was withdrawn before it opened.
refused-time-unsure = The server is not sure of the time; locked messages stay closed until its operator has seen to it.
refused-file-unknown = The server no longer has this file. Send it again.
refused-file-unfinished = A part of the file did not reach the server whole. Try again; it goes on where it stopped.
refused-quota = Your files take all the space that the server gives you. Delete some, which counts a quarter of an hour later, or wait until older ones are no longer kept.
refused-report-unproven = The server did not pass on what this report reveals. Report the message without revealing it.
refused-limit = There is no room for more: the server has reached its limit for this. Remove something first.
refused-too-large = That is larger than the server takes. Send it in parts.
refused-client-too-old = This program is older than the server serves. Install a newer Huis.
refused-too-many =
    { $seconds ->
        [0] Too much in too short a time. Try again in a moment.
        [one] Too much in too short a time. Try again in { $seconds } second.
       *[other] Too much in too short a time. Try again in { $seconds } seconds.
    }
refused-unavailable = The server is stopping or busy. Try again in a moment.
refused-internal = The server had a fault and wrote it down there. Try again later; tell its operator if it stays.
refused-storage-full = The server has no space left for this. Tell its operator.
refused-malformed = The server did not understand this program ({ $code }). This is a bug; please report it.
refused-other = The server refused that ({ $code }): { $message }

# Rules that something breaks; the program's own sentences are matched to these.
reason-name-length = a name has { $least } to { $most } characters
reason-name-characters = a name holds the letters a to z, digits, and . _ - between them
reason-empty = the { $what } is empty
reason-too-long = the { $what } has { $bytes } bytes; at most { $most } are allowed
reason-no-words = there is no word to search for
reason-in-room-already = you are in a conversation called { $name } already
reason-no-title-here = only a group has a title
reason-does-not-wait = this conversation does not wait for that
reason-title-empty = a title is not empty
reason-no-request = this conversation is no request
reason-not-failed = this message has not failed
reason-sent-already = this message was sent already
reason-on-its-way = this message may be on its way already
reason-discarded = the message was discarded
reason-own-name = this is your own name; name somebody else
reason-members-differ = the members differ from those that were known
reason-members-differ-held = its members differ from those that were known; look at the notices
reason-too-many-joins = at most { $most } devices are added at once
reason-vault-recovery-only = this account opens with the recovery key only
reason-identity-unchanged = the identity key of this account has not changed
reason-password-length = the password is empty or too long
reason-recovery-length = a recovery key has { $wanted } letters and digits, this text has { $given }
reason-recovery-character = a recovery key holds no "{ $character }"
reason-password-unjudged = what judges passwords could not be fetched; load the app anew, and try again
reason-recovery-typo = the recovery key has a typing mistake
reason-connection-refused = nothing answers at this address
reason-no-route = the network does not lead there
reason-no-such-host = the address leads to no server
reason-timed-out = it does not answer in time
reason-connection-lost = the connection broke off
reason-not-huis = what answers there is no Huis server
reason-certificate = its certificate cannot be trusted
reason-tls = no protected connection can be made
reason-lock-over = the time at which it is to open is over
reason-lock-far = a message can be locked for ten years at most
reason-lock-not-own = only who sent a message withdraws it
reason-lock-none = this message is not locked, or not any more
reason-locked = this message is locked; wait until it opens, or withdraw it
reason-lock-share = the server's share is not the one that the message names
reason-lock-sealed = it was sealed wrongly, or changed
reason-lock-inside = what was inside is not what the message announced
reason-lock-share-gone = the server does not have its share any more
reason-lock-no-beacon = no beacon is set on this device, so that nothing can be locked by one
reason-lock-not-sealed = nothing could be sealed for the beacon; try again, or check how it is set
reason-lock-files-end = the server does not keep files for so long; choose an earlier time, or let the server keep the key
reason-lock-other-beacon = it was locked by a beacon that this device does not know
reason-no-file = there is no such file
reason-not-a-file = it is no file that can be read to its end
reason-file-denied = the system does not allow it
reason-not-here-yet = this is not possible here yet
reason-file-changes = it changes while it is sent
reason-file-not-kept = the server does not keep what was sent of it
reason-file-no-room = it has { $size } bytes, and this browser has room for { $free } more
reason-file-too-large = it needs { $needed }, and the disk has room for { $room }
reason-file-chosen = too many files are chosen at once
reason-file-count = a message brings 1 to { $most } files, and these are { $count }
reason-accept-first = this conversation is a request; accept it first
reason-picture-damaged = the picture is damaged, so what says where it was taken can't be taken out; send it with that, or save it anew with another program
reason-picture-large = it is too large a picture to take out what says where it was taken; send it with that, or make it smaller
reason-report-own = nobody reports themselves; delete a message of your own instead
reason-report-note = a note has at most { $most } characters, and no control characters but the ends of lines
reason-report-namesake = several messages have this id, for somebody used it again; report the person
reason-report-no-place = the message is not in the conversation yet
reason-report-no-proof = this device has no proof of what the message said: it was taken back, opened once, or is an answer whose excerpt is gone; report it without revealing it
reason-report-locked = the message has not opened; report it without revealing it, or once it has opened
reason-archive-segment = part { $number } does not open: the server changed it, or gave another one in its place
reason-archive-key = this device has no key of generation { $generation }
reason-archive-signature = it is not signed by the device that it names
reason-archive-device = it was made by device { $device }, which is none of the account's
reason-archive-older = the server gave number { $found }, but number { $known } was seen before
reason-archive-two = the server showed two of them: number { $number } is not the one, or does not follow the one, that was seen before
reason-archive-other = its parts are not those that number { $number } names
reason-proxy-parts = a proxy in front of the server refuses requests as large as the parts of files; its operator can allow 8 MiB
reason-disk-full = the disk is full
reason-other = the reason is known to the log alone

what-text = text
what-title = title
what-topic = topic
what-message = message
what-name = name
what-other = field

# What makes a password weak.
weak-guesses = about { $guesses } guesses find it, and at least 10^8 are asked for
weak-straight-rows = straight rows of keys are easy to guess
weak-keyboard-patterns = short keyboard patterns are easy to guess
weak-repeats = repeats like "aaa" are easy to guess
weak-repeats-longer = repeats like "abcabcabc" are hardly harder to guess than "abc"
weak-top-10 = it is among the ten most common passwords
weak-top-100 = it is among the hundred most common passwords
weak-common = it is a very common password
weak-similar = it is similar to a common password
weak-sequences = sequences like abc or 6543 are easy to guess
weak-years = recent years are easy to guess
weak-one-word = a word by itself is easy to guess
weak-dates = dates are often easy to guess
weak-names = names and surnames by themselves are easy to guess
weak-common-names = common names and surnames are easy to guess
weak-other = it is easy to guess
