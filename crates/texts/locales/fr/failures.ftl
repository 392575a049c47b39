# Pourquoi une chose n'a pas été faite, et que faire : la chose, la raison, le pas suivant.

failure-not-signed-in = Personne n'est connecté ici. Créez d'abord un compte ou connectez-vous.
failure-already-signed-in = { $name } est connecté ici. Déconnectez-le d'abord, ou prenez un autre profil (--profile).
failure-registration-cut-off = On ne sait pas si { $name } a été inscrit sur { $server }. Inscrivez-vous de nouveau avec le même nom et le même mot de passe.
failure-session-ended = La session est terminée. Connectez-vous de nouveau : rien de ce qui est ici n'est perdu.
failure-wrong-password = Le nom ou le mot de passe est faux. Vérifiez les deux ; dans le mot de passe, les majuscules comptent.
failure-needs-second-factor = Ce compte a un second facteur : il faut aussi un code de votre application d'authentification, ou un code de secours.
failure-wrong-second-factor = Ce code est faux, ou a déjà servi. Attendez le suivant.
failure-needs-recovery-key = Le mot de passe de ce compte n'ouvre rien à lui seul : il faut aussi sa clé de secours.
failure-revoked = Cet appareil a été retiré de votre compte. Ce qu'il contient reste lisible ici, et rien de nouveau n'arrive.
failure-wrong-recovery-key = Le nom ou la clé de secours est faux. La clé vous a été montrée à la création du compte.
failure-locked = Cet appareil est verrouillé. Le mot de passe l'ouvre.
failure-weak-password = Le mot de passe est trop facile à deviner : { $advice }. Prenez au moins quatre mots qui n'ont rien à voir entre eux.
failure-unknown-account = Il n'y a pas de compte { $name }. Vérifiez l'orthographe : un nom d'utilisateur s'écrit après @.
failure-unknown-room = Il n'y a pas de salon { $name }. /salons les montre tous, /entrer { $name } le crée.
failure-unknown-conversation = Il n'y a pas de conversation { $name }. La liste les montre toutes.
failure-unknown-device = Le compte n'a pas d'appareil { $name }. /appareils les montre tous.
failure-unknown-member = { $name } n'est pas dans cette conversation. F2 montre qui s'y trouve.
failure-unknown-message = Ce message n'est pas (ou plus) ici.
failure-unknown-other = { $name } n'existe pas ici. Vérifiez l'orthographe.
failure-ambiguous = Plusieurs conversations s'appellent { $name }. Choisissez dans la liste.
failure-invalid = Cela ne va pas : { $reason }.
failure-not-allowed = Votre rôle dans cette conversation ne le permet pas. Demandez à un propriétaire ou à un administrateur ; F2 montre qui l'est.
failure-not-a-member = Vous n'êtes pas (ou plus) dans cette conversation. Un membre peut vous inviter ; dans un salon ouvert, on entre par /entrer.
failure-identity-changed = La clé d'identité de { $name } a changé, et rien ne part avant que vous ayez comparé le numéro de sécurité, ou passé outre : /verifier { $name }.
failure-other-number = Ce n'est pas le numéro de sécurité avec { $name } qui compte ici ; rien n'a changé. Regardez-le de nouveau par /verifier { $name } et comparez encore une fois.
failure-other-pair = Ce code n'est pas celui que { $name } affiche pour vous : il est fait pour quelqu'un d'autre, ou par quelqu'un d'autre. Demandez à { $name } d'ouvrir le code à votre nom, puis scannez de nouveau.
failure-blocked = { $name } est bloqué. /debloquer { $name } lève le blocage.
failure-unsent =
    { $count ->
        [one] { $count } message n'est pas encore parti et serait perdu. Attendez qu'il parte, ou abandonnez-le.
       *[other] { $count } messages ne sont pas encore partis et seraient perdus. Attendez qu'ils partent, ou abandonnez-les.
    }
failure-server-too-old = Le serveur est en version { $version } de Huis ; ce programme a besoin de { $oldest } ou plus récent. Demandez à son responsable de le mettre à jour.
failure-offline = Le serveur est injoignable : { $reason }. Vérifiez l'adresse et que le serveur tourne, puis réessayez.
failure-certificate-changed = Le certificat du serveur n'est pas celui de la première fois. Demandez à son responsable s'il a été changé ; sinon, quelqu'un s'est mis entre vous.
failure-bad-answer = La réponse du serveur a été refusée : { $reason }. C'est un défaut ou une attaque ; merci de le signaler.
failure-file = { $name } ne peut pas être utilisé : { $reason }.
failure-file-refused = Ce que le serveur donne pour { $name } n'est pas ce qui a été envoyé ; rien n'en est gardé. Récupérez-le de nouveau ; si cela n'aide pas, redemandez-le.
failure-file-gone = Le serveur n'a plus { $name }. Demandez à son expéditeur de le renvoyer.
failure-busy = Trop de choses attendent déjà. Réessayez dans un instant.
failure-database = La base de données est inutilisable : { $reason }. Vérifiez qu'il reste de la place sur le disque et qu'aucune copie du profil n'est utilisée.
failure-internal = Un défaut de ce programme : { $reason }. Merci de le signaler.
failure-stopped = Le programme derrière cet écran s'est arrêté. Réessayez.

# Ce qu'un serveur a refusé, d'après son code.
refused-name-refused = Le serveur ne prend pas ce nom : les lettres de a à z, des chiffres, et . _ - entre eux. Choisissez-en un autre.
refused-name-taken = Ce nom appartient déjà à quelqu'un. Choisissez-en un autre.
refused-name-looks-alike = On pourrait confondre ce nom avec celui de quelqu'un d'autre. Choisissez-en un autre.
refused-forbidden = Le serveur ne vous permet pas de faire cela. Quelqu'un d'un rôle plus élevé le peut.
refused-passphrase = La phrase d'accès manque ou est fausse. Demandez-la au responsable du serveur, ou une invitation.
refused-claim = Le code à usage unique est faux ou déjà utilisé. Le serveur montre le bon là où il a été lancé, jusqu'à ce qu'il serve.
refused-invitation = L'invitation manque, ou elle est fausse, épuisée ou expirée. Demandez-en une autre à qui vous a invité.
refused-registration-closed = Personne ne peut créer de compte sur ce serveur. Adressez-vous à son responsable.
refused-suspended = Le compte est suspendu. Le serveur dit : « { $message } » Adressez-vous à son responsable.
refused-banned = Le serveur ne laisse pas entrer ce nom ou cette adresse. Il dit : « { $message } » Adressez-vous à son responsable.
refused-proof = Le serveur n'accepte pas la preuve que vous en avez le droit. Connectez-vous de nouveau, puis réessayez.
refused-not-found = Le serveur ne connaît pas cela, ou n'a pas à vous le dire. Vérifiez le nom.
refused-conflict = Quelqu'un a été plus rapide, et le serveur a gardé le sien. Regardez ce qu'il y a, puis réessayez.
refused-conversation-exists = Cette conversation existe déjà. La liste la montre.
refused-time-lock = Le serveur n'accepte pas ce verrou ; choisissez une autre heure.
refused-time-locked = Ce message s'ouvre plus tard.
refused-time-lock-opened = Le message s'est déjà ouvert ; supprimez-le plutôt.
refused-time-lock-withdrawn = Le message a été retiré avant son ouverture.
refused-time-unsure = Le serveur n'est pas sûr de l'heure ; les messages verrouillés restent fermés jusqu'à ce que son opérateur s'en occupe.
refused-file-unknown = Le serveur n'a plus ce fichier. Envoyez-le de nouveau.
refused-file-unfinished = Une partie du fichier n'est pas arrivée entière au serveur. Réessayez ; l'envoi reprend où il s'est arrêté.
refused-quota = Vos fichiers occupent toute la place que le serveur vous donne. Supprimez-en, ce qui compte un quart d'heure plus tard, ou attendez que les plus anciens ne soient plus gardés.
refused-report-unproven = Le serveur n'a pas transmis ce que ce signalement révèle. Signalez le message sans le révéler.
refused-limit = Il n'y a plus de place : le serveur a atteint sa limite. Enlevez d'abord quelque chose.
refused-too-large = C'est plus grand que ce que le serveur accepte. Envoyez-le en plusieurs fois.
refused-client-too-old = Ce programme est trop ancien pour le serveur. Installez une version plus récente de Huis.
refused-too-many =
    { $seconds ->
        [0] Trop de demandes en trop peu de temps. Réessayez dans un instant.
        [one] Trop de demandes en trop peu de temps. Réessayez dans { $seconds } seconde.
       *[other] Trop de demandes en trop peu de temps. Réessayez dans { $seconds } secondes.
    }
refused-unavailable = Le serveur s'arrête ou est occupé. Réessayez dans un instant.
refused-internal = Le serveur a eu un défaut et l'a noté chez lui. Réessayez plus tard ; s'il reste, prévenez son responsable.
refused-storage-full = Le serveur n'a plus de place pour cela. Prévenez son responsable.
refused-malformed = Le serveur n'a pas compris ce programme ({ $code }). C'est un défaut ; merci de le signaler.
refused-other = Le serveur a refusé ({ $code }) : { $message }

# Les règles qui ne sont pas respectées.
reason-name-length = un nom a de { $least } à { $most } caractères
reason-name-characters = un nom se compose des lettres de a à z, de chiffres, et de . _ - entre eux
reason-empty = { $what } : c'est vide
reason-too-long = { $what } : { $bytes } octets, et { $most } au plus sont permis
reason-no-words = il n'y a aucun mot à chercher
reason-in-room-already = vous êtes déjà dans une conversation nommée { $name }
reason-no-title-here = seul un groupe a un titre
reason-does-not-wait = cette conversation n'attend pas cela
reason-title-empty = un titre ne peut pas être vide
reason-no-request = cette conversation n'est pas une demande
reason-not-failed = ce message n'a pas échoué
reason-sent-already = ce message est déjà parti
reason-on-its-way = ce message est peut-être déjà en route
reason-discarded = le message a été abandonné
reason-own-name = c'est votre propre nom ; indiquez quelqu'un d'autre
reason-members-differ = les membres ne sont pas ceux que l'on connaissait
reason-members-differ-held = ses membres ne sont pas ceux que l'on connaissait ; voyez les avis
reason-too-many-joins = on ajoute au plus { $most } appareils à la fois
reason-vault-recovery-only = ce compte ne s'ouvre qu'avec la clé de secours
reason-identity-unchanged = la clé d'identité de ce compte n'a pas changé
reason-password-length = le mot de passe est vide ou trop long
reason-recovery-length = une clé de secours a { $wanted } lettres et chiffres, ce texte en a { $given }
reason-recovery-character = une clé de secours ne contient pas « { $character } »
reason-password-unjudged = ce qui évalue les mots de passe n'a pas pu être chargé ; rechargez l'application, puis réessayez
reason-recovery-typo = la clé de secours contient une faute de frappe
reason-connection-refused = rien ne répond à cette adresse
reason-no-route = le réseau n'y mène pas
reason-no-such-host = l'adresse ne mène à aucun serveur
reason-timed-out = il ne répond pas à temps
reason-connection-lost = la connexion s'est interrompue
reason-not-huis = ce qui répond là n'est pas un serveur Huis
reason-certificate = son certificat n'est pas digne de confiance
reason-tls = aucune connexion protégée n'est possible
reason-lock-over = l'heure à laquelle il doit s'ouvrir est passée
reason-lock-far = un message se verrouille pour dix ans au plus
reason-lock-not-own = seul l'expéditeur d'un message le retire
reason-lock-none = ce message n'est pas verrouillé, ou ne l'est plus
reason-locked = ce message est verrouillé ; attendez son ouverture, ou retirez-le
reason-lock-share = la part du serveur n'est pas celle que le message annonce
reason-lock-sealed = il a été mal scellé, ou modifié
reason-lock-inside = le contenu n'est pas celui que le message annonçait
reason-lock-share-gone = le serveur n'a plus sa part
reason-lock-no-beacon = aucune balise n'est réglée sur cet appareil, rien ne peut donc être verrouillé par l'une d'elles
reason-lock-not-sealed = rien n'a pu être scellé pour la balise ; réessayez, ou vérifiez son réglage
reason-lock-files-end = le serveur ne garde pas les fichiers si longtemps ; choisissez une heure plus proche, ou laissez la clé au serveur
reason-lock-other-beacon = il a été verrouillé par une balise que cet appareil ne connaît pas
reason-no-file = il n'y a pas de tel fichier
reason-not-a-file = ce n'est pas un fichier qui se lit jusqu'à sa fin
reason-file-denied = le système ne le permet pas
reason-not-here-yet = ce n'est pas encore possible ici
reason-file-changes = il change pendant l'envoi
reason-file-not-kept = le serveur ne garde pas ce qui en a été envoyé
reason-file-no-room = il fait { $size } octets, et ce navigateur n'a de place que pour { $free } de plus
reason-file-too-large = il lui faut { $needed }, et le disque a de la place pour { $room }
reason-file-chosen = trop de fichiers sont choisis à la fois
reason-file-count = un message porte de 1 à { $most } fichiers, et ceux-ci sont { $count }
reason-accept-first = cette conversation est une demande ; acceptez-la d'abord
reason-picture-damaged = l'image est abîmée, et ce qui dit où elle a été prise ne peut pas être enlevé ; envoyez-la avec cela, ou enregistrez-la avec un autre programme
reason-picture-large = l'image est trop grande pour en enlever ce qui dit où elle a été prise ; envoyez-la avec cela, ou réduisez-la
reason-report-own = personne ne se signale soi-même ; supprimez plutôt votre message
reason-report-note = une note a { $most } caractères au plus, et aucun caractère de contrôle sauf les fins de ligne
reason-report-namesake = plusieurs messages ont cet identifiant, car quelqu'un l'a repris ; signalez la personne
reason-report-no-place = le message n'est pas encore dans la conversation
reason-report-no-proof = cet appareil n'a pas de preuve de ce que disait le message : il a été repris, ouvert une seule fois, ou répond à un extrait disparu ; signalez-le sans le révéler
reason-report-locked = le message ne s'est pas ouvert ; signalez-le sans le révéler, ou quand il sera ouvert
reason-archive-segment = la partie { $number } ne s'ouvre pas : le serveur l'a changée, ou en a donné une autre à sa place
reason-archive-key = cet appareil n'a pas de clé de la génération { $generation }
reason-archive-signature = elle n'est pas signée par l'appareil qu'elle nomme
reason-archive-device = elle a été faite par l'appareil { $device }, qui n'est pas du compte
reason-archive-older = le serveur a donné le numéro { $found }, mais le numéro { $known } a été vu avant
reason-archive-two = le serveur en a montré deux : le numéro { $number } n'est pas celui qui a été vu avant, ou ne le suit pas
reason-archive-other = ses parties ne sont pas celles que nomme le numéro { $number }
reason-proxy-parts = un proxy devant le serveur refuse des requêtes aussi grandes que les parties des fichiers ; son opérateur peut permettre 8 Mio
reason-disk-full = le disque est plein
reason-other = la raison n'est connue que du journal

what-text = texte
what-title = titre
what-topic = sujet
what-message = message
what-name = nom
what-other = champ

# Ce qui rend un mot de passe faible.
weak-guesses = environ { $guesses } essais le trouvent, et il en faut au moins 10^8
weak-straight-rows = des touches qui se suivent sont faciles à deviner
weak-keyboard-patterns = un court motif sur le clavier est facile à deviner
weak-repeats = une répétition comme « aaa » est facile à deviner
weak-repeats-longer = une répétition comme « abcabcabc » n'est guère plus difficile à deviner que « abc »
weak-top-10 = il est parmi les dix mots de passe les plus courants
weak-top-100 = il est parmi les cent mots de passe les plus courants
weak-common = c'est un mot de passe très courant
weak-similar = il ressemble à un mot de passe courant
weak-sequences = une suite comme abc ou 6543 est facile à deviner
weak-years = une année récente est facile à deviner
weak-one-word = un mot seul est facile à deviner
weak-dates = une date est souvent facile à deviner
weak-names = un prénom ou un nom de famille seul est facile à deviner
weak-common-names = les prénoms et noms de famille courants sont faciles à deviner
weak-other = il est facile à deviner
