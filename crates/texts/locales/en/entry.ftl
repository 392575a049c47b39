# Before somebody is signed in: the first welcome, forms, the recovery key, lock and unlock.

entry-too-small = A larger window, please.

entry-welcome = Welcome. A quiet room with a good door.
entry-welcome-about = Only those who are in a conversation can read it. Nobody is signed in on this device yet.
entry-choice-register = New account
entry-choice-sign-in = I have an account
entry-choice-recover = I have forgotten my password

entry-register = A new account
entry-register-about = It lives on a server, which stores messages that it cannot read.
entry-sign-in = Sign in
entry-sign-in-about = This becomes a device of your account; it gets what is said from now on.
entry-again = Sign in again
entry-again-about = The session of this device has ended. Nothing that is here is lost.
entry-recover = A new password
entry-recover-about = By the recovery key that you wrote down. Every other session of the account ends.
entry-unlock = This device is locked
entry-unlock-about = It opens with the password that counted when it was locked.
entry-lock = Lock this device
entry-lock-about = The key of what is stored here goes under your password. From then on the password is asked at each start.

entry-server = Server
entry-passphrase = Access passphrase
entry-invitation = Invitation
entry-claim = One-time code of the server's operator
entry-name = Name
entry-second-factor = Code of the second factor
entry-hint-second-factor = Six digits that your authenticator shows, or a recovery code.
entry-recovery-key = Recovery key
entry-password = Password
entry-new-password = New password
entry-password-again = Password, once more

entry-hint-unprotected = http:// is not protected on the way: messages stay sealed, but whoever is in between can act as you at the server.
entry-hint-admission = From whoever runs the server; empty where anybody may register. F2: invitation, one-time code.
entry-hint-name = Letters a to z, digits, and . _ - between them. Others write to you by it.
entry-hint-password = Four words or more that do not belong together are a good one. It never leaves this device.

entry-needed = This is needed.
entry-differ = The two passwords are not the same. Type it once more.
entry-wrong-server = An address is needed, such as https://chat.example.org or 127.0.0.1:8080.
entry-wrong-password = The password is wrong. Letter case counts.

entry-working-register = Making your keys and your account…
entry-working-sign-in = Signing in…
entry-working-unlock = Opening…
entry-working-lock = Locking…
entry-working-for = The password is made hard to guess, which takes a moment ({ $seconds } s).

entry-key = Your recovery key, shown this once
entry-key-about = Write it down and keep it away from this machine. It opens your account when the password is forgotten, and nobody can show it again.
entry-local-key = What is stored here is encrypted; its key lies beside it in a file that only you may read. /lock puts it under your password.
entry-fingerprint = The server's certificate was seen for the first time and is held to from now on. Its fingerprint, to compare with the operator:
entry-written = I have written it down

entry-keys-welcome = ↵ choose · ↑↓ move · Esc leave
entry-keys-form = ↵ next · Tab ↑↓ move · Esc back · Ctrl+C leave
entry-keys-locked = ↵ open · Esc leave
entry-keys-lock = ↵ next · Esc back · Ctrl+C leave
entry-keys-working = Ctrl+C leave
entry-keys-written = ↵ go on · ↑↓ more

chat-no-terminal = the chat needs a terminal; for pipes and scripts there are `huis send` and `huis receive`
chat-lock-needs-password = --lock-after needs a device that is under its password: `huis lock` first
chat-panicked = huis chat: something went wrong inside Huis that must not; what was sent and kept before is safe, and these lines help whoever mends it:
