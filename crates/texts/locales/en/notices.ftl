# What the engine noticed.

notice-repairing = This conversation is joined anew, because { $reason }. What was said meanwhile cannot be read here.
notice-repaired = The conversation was joined anew. Entries { $from } to { $to } cannot be read here.
notice-repair-delayed = The conversation was joined anew too often; the next attempt follows at { $time }.
notice-repair-called-off = Something here could not be read: { $reason }. Everything else is as the other members have it, so it was garbage, and nothing is joined anew.
notice-expired = Messages up to entry { $seq } expired on the server before this device fetched them.
notice-gap = The server did not deliver entries { $from } to { $to }.
notice-missing-from =
    { $count ->
        [one] { $count } message of { $name } is missing. Ask what it was.
       *[other] { $count } messages of { $name } are missing. Ask what they were.
    }
notice-counter-repeated = A device of { $name } counts its messages anew: it runs from an old copy, or somebody replays old messages.
notice-forked = { $name } saw another history than this device, from entry { $seq } on: the server shows two. Talk about it elsewhere.
notice-hole = { $name } saw entry { $seq }, which did not come here: the server may hold it back.
notice-unreadable = A message (entry { $seq }) could not be read and was passed over: { $reason }.
notice-invalid-commit = A change (entry { $seq }) broke a rule, and all members pass it over: { $reason }.
notice-shut-out = By a change that broke a rule (entry { $seq }) the server shuts this device out until others contest it as well. If it stays silent, open another conversation with those whom you trust.
notice-identity-changed = The identity key of { $name } has changed. Nothing is sent to { $name } before you compare the safety number and accept it: /verify { $name }.
notice-identity-handed-over = { $name } has another identity key, to which the one before has signed the account over; somebody who stole that one could do this as well. Nothing is sent to { $name } alone before you compare the safety number and accept it: /verify { $name }.
notice-identity-broken = You had compared the safety number with { $name }, and the identity key has changed since: somebody may be between you. What you write to { $name }, in groups as well, waits here until you compare anew, or go on without: /verify { $name }.
notice-identity-broken-by-handover = You had compared the safety number with { $name }, who has another identity key since. The one before has signed the account over to it, which somebody who stole that one could do as well. What you write to { $name }, in groups as well, waits here until you compare anew, or go on without: /verify { $name }.
notice-recovery-key-changed = Your account has another recovery key, made on another one of your devices; the one before opens nothing any more. If that was not you, somebody knows your password: renew your identity by `huis identity renew`.
notice-second-factor-on = Another one of your devices has turned the second factor on: signing in, and the recovery key, need a code as well from now on. If that was not you, somebody knows your password and is signed in as you. It cannot be undone from here: keep this device signed in, and tell your contacts and whoever looks after the server.
notice-second-factor-off = Another one of your devices has turned the second factor off: the password alone is enough to sign in. If that was not you, somebody knows your password and had a code: renew your identity by `huis identity renew`.
notice-identity-renewed = Your account has the new identity key that you asked for, and this is its only device. If you were not shown the new recovery key, `huis identity renew` shows it.
notice-own-identity-changed = Your account has another identity key, which this device did not ask for. If you did not renew it yourself, somebody who stole the one before has taken your account: tell your contacts by another way.
notice-device-list-refused = The server showed a list of the devices of { $name } that is not acceptable: { $reason }.
notice-account-state-refused = The server showed a state of your account that is not acceptable: { $reason }.
notice-archive-refused = The server showed a history archive that is not acceptable: { $reason }.
notice-history-incomplete =
    { $count ->
        [one] One part of your history archive could not be restored on this device.
       *[other] { $count } parts of your history archive could not be restored on this device.
    }
notice-unexpected-members = This conversation has members that your account does not know ({ $names }) and was not joined. Join it only if that is right.
notice-join-failed = The conversation could not be joined. { $failure }
notice-own-device-added =
    { $count ->
        [one] Your account has a new device. If you did not add it, take it off at once (/devices), and renew your identity: somebody knows your password.
       *[other] Your account has { $count } new devices. If you did not add them, take them off at once (/devices), and renew your identity: somebody knows your password.
    }
notice-device-added =
    { $count ->
        [one] { $name } has a new device.
       *[other] { $name } has { $count } new devices.
    }
notice-removed = { $name } removed this device from the conversation.
notice-old-copy = This profile is an old copy, or runs twice. All conversations are joined anew before anything is sent.
notice-server-restored = The server was restored from a backup. What it lost is offered again.
notice-vault-set-back = The restored server may have the account's password and vault of an earlier time. If that password is known to somebody else, set another one with huis password.
notice-will-not-open = A locked message of { $name } does not open: { $reason }. Ask for it to be sent again.
notice-not-done = What you did to a message was refused, and is undone. { $reason }
notice-lost-by-server = The restored server does not know this conversation, or that you are in it, any more. What was said can still be read here; ask a member to invite you, or make it anew.
notice-unknown = The server spoke of "{ $what }", which this version does not know. Update Huis.
notice-timer-reading = { $name } set messages to vanish { $span } after they are read. Whoever wants to keep a copy can.
notice-timer-sending = { $name } set messages to vanish { $span } after they are sent. Whoever wants to keep a copy can.
notice-timer-off = { $name } set messages to stay.

repair-unreadable = entry { $seq } cannot be read here
repair-expired = entries expired before they were fetched
repair-taken-out = this device was not heard for so long that a member took it out
repair-state-lost = its state here cannot be read
repair-old-copy = this profile is an old copy
repair-welcome = the invitation could not be used
repair-gap = entries were not delivered
repair-server-restored = the server was restored from a backup
