# Ce que dit l'application web en plus de ce qu'elle partage avec le terminal. Une clé que le terminal connaît aussi se dit autrement ici.

# Sur les boutons.
key-change = changer
key-copy = Copier
key-more = Plus
key-save = Enregistrer
key-send = Envoyer
key-reply = Répondre
key-close = Fermer
key-cancel = Annuler
key-back = Retour

# Avant la connexion.
entry-welcome = Bienvenue
entry-welcome-page = Une pièce calme avec une bonne porte : seuls ceux qui participent à une conversation peuvent la lire, pas même le serveur.
entry-foot = Chiffré de bout en bout
entry-register-page = Il vit sur ce serveur, qui garde des messages qu'il ne peut pas lire.
entry-recover-about = Par la clé de secours que vous avez gardée. Toute autre session du compte prend fin.
entry-unlock-about = Il s'ouvre avec le mot de passe de la dernière connexion ou du dernier changement sur cet appareil.
entry-go-register = Créer le compte
entry-go-sign-in = Se connecter
entry-go-recover = Choisir ce mot de passe
entry-go-unlock = Ouvrir
entry-stay = Rester connecté
entry-stay-about = Sur un appareil à vous. Sinon, il se verrouille après 15 minutes de calme.
entry-show = Montrer ce qui est tapé
entry-hint-admission-page = De la part du responsable du serveur. Laissez vide là où chacun peut s'inscrire.
entry-hint-recovery-key = Elle vous a été montrée à la création du compte.
entry-use-passphrase = J'ai une phrase d'accès
entry-use-invitation = J'ai une invitation
entry-use-claim = Ce serveur est à moi
entry-has-passphrase = Votre lien contient la phrase d'accès.
entry-has-invitation = Votre lien contient une invitation.
entry-has-claim = Votre lien contient le code du responsable.
entry-key = Votre clé de secours
entry-key-page = Elle ouvre votre compte si vous oubliez le mot de passe. Elle n'est montrée que cette fois, et personne ne pourra vous la montrer de nouveau : gardez-la là où vous gardez ce qui compte.
entry-key-download = Enregistrer en fichier
entry-key-kept = Je l'ai gardée
entry-key-browser = Si votre navigateur demande si cette page peut garder ses données, dites oui : vos conversations sont gardées ici seulement.
entry-keep-browser = Si votre navigateur demande ensuite si cette page peut garder ses données, dites oui : sinon, il peut jeter ce qui est gardé ici quand la place manque.
entry-key-file =
    Clé de secours Huis de { $name }

    { $key }

    Elle ouvre le compte si le mot de passe est oublié. Gardez-la loin de cet appareil.
entry-forgot-lock = J'ai oublié le mot de passe

standing-opening = Ouverture de Huis…
standing-elsewhere = Huis est ouvert dans un autre onglet
standing-elsewhere-about = Un seul onglet à la fois a vos conversations. Vous pouvez continuer ici ; l'autre les laissera.
standing-taken-over = Huis continue dans un autre onglet
standing-taken-over-about = Rien n'est perdu. Vous pouvez reprendre ici.
standing-take-over = Continuer ici
standing-locked-of = Il s'ouvre avec le mot de passe qui valait pour { $name } à la dernière connexion, ou au dernier changement, sur cet appareil.
standing-locked-wrong = Le mot de passe est faux pour cet appareil. Les majuscules comptent ; un mot de passe changé sur un autre appareil ne vaut pas ici.
standing-lost = Ce qui était gardé ici a disparu
standing-lost-about = Ce navigateur a jeté ou abîmé ce que Huis y gardait. Votre compte n'a rien, et vos autres appareils ont toujours tout.
standing-lost-next = Connectez-vous de nouveau, comme un nouvel appareil. Ce qui était écrit ici sans être parti ne peut pas revenir.
standing-gone-about = Quelqu'un était connecté ici, et ce navigateur n'a plus rien de ce que Huis y gardait. Un navigateur fait de la place de lui-même quand elle manque ou quand personne ne vient pendant longtemps ; effacer les données d'une page fait de même. Votre compte n'a rien, et vos autres appareils ont toujours tout.
standing-gone-next = Connectez-vous de nouveau : ceci devient un nouvel appareil de votre compte, qui reçoit ce qui se dit à partir de là. Ce qui était écrit ici sans être parti ne peut pas revenir.
standing-begin-anew = Recommencer
standing-begin-anew-question = Oublier tout ce que ce navigateur gardait pour Huis, avec ce qui n'est jamais parti ?
standing-begin-anew-yes = Oublier et recommencer

unable-insecure = Cette page a besoin de HTTPS
unable-insecure-about = Un navigateur ne garde pas de clés pour une page venue par une connexion sans protection. Huis n'aurait pas où garder les vôtres.
unable-insecure-address = Ouvrez l'adresse qui commence par https://.
unable-insecure-here = Sur la machine même du serveur, http://localhost convient aussi.
unable-insecure-operator = Sinon, demandez au responsable du serveur de le lancer avec --tls. La même adresse montre alors comment cet appareil peut lui faire confiance.
unable-files = Cette fenêtre ne garde rien
unable-files-about = Huis range vos messages, chiffrés, dans des fichiers de ce navigateur, et cette fenêtre n'en a pas. C'est souvent le cas des fenêtres privées : ouvrez la page dans une fenêtre ordinaire.
unable-newer = Un Huis plus récent est là
unable-newer-about = Un autre onglet a chargé une version plus récente, qui range les choses autrement. Rechargez cette page pour continuer.
unable-other = Huis ne peut pas tourner ici
unable-other-about = Il manque à ce navigateur quelque chose dont Huis a besoin. Un Firefox, Chrome, Edge ou Safari récent a tout.
unable-reload = Recharger

ended-title = Huis s'est arrêté
ended-about = Tout ce qui est parti ou gardé est en sûreté. Rechargez la page pour continuer.

update-ready = Une nouvelle version est prête.
update-load = La charger

# La liste.
list-empty = Aucune conversation pour l'instant.
list-empty-title = C'est calme ici
list-empty-about = Entrez dans le vestibule, ouvert à tous ceux de ce serveur, ou écrivez à quelqu'un que vous connaissez.
lobby-join = Entrer dans #lobby
list-archived =
    { $count ->
        [one] { $count } archivée
       *[other] { $count } archivées
    }
list-was-archived = Archivée. Un nouveau message la fera revenir.
list-was-taken-back = Elle est de nouveau dans la liste.
list-favourite = favori
list-mentions = on vous mentionne
list-unread =
    { $count ->
        [one] { $count } message non lu
       *[other] { $count } messages non lus
    }
list-draft-label = Brouillon :
list-you = Vous :
list-wants-to-talk = aimerait vous parler
list-nothing-said = Rien n'a encore été dit ici
catching-up = Arrivée de ce qui s'est dit entre-temps…
search-field = Rechercher
search-clear = Effacer la recherche
search-filters-plain = Aussi : from:nom, in:#salon, before:2026-01-31, after:2026-01-01, has:link, has:mention
found-messages = Messages
found-title = Messages trouvés
found-asking = Recherche…
found-nothing = Aucun message trouvé
found-nothing-about = On cherche des mots entiers ; le dernier peut n'être qu'un début.
found-write = Écrire à @{ $name }
found-join = Entrer dans #{ $name }

# La conversation.
talk-title = Conversation
talk-sealed = chiffré de bout en bout
talk-search = Rechercher dans cette conversation
state-joining = entrée en cours…
state-repairing = nouvelle entrée en cours…
state-held = pas encore rejointe
state-left = vous n'y êtes plus
welcome-title = Choisissez une conversation
welcome-about = Ce qui s'y dit reste entre ceux qui y sont.
welcome-none-title = Une pièce calme
welcome-none-about = Vos conversations seront ici.
first-title = Dites bonjour à @{ $name }
first-about = Votre premier message ouvre la conversation. Il peut être accepté ou refusé.
timeline-title = Messages
timeline-beginning-with = Ici commence votre conversation avec { $name }.
timeline-sealed = Seuls ceux qui sont ici peuvent lire.
timeline-new-messages = Nouveaux messages
timeline-unread = Cela n'a pas pu être lu
timeline-say-hello = Rien n'a encore été dit ici. Dites bonjour.
timeline-to-newest-plain = Au message le plus récent
timeline-to-newest-new =
    { $count ->
        [one] À { $count } nouveau message
       *[other] Aux { $count } nouveaux messages
    }
header-pins =
    { $count ->
        [one] { $count } message épinglé
       *[other] { $count } messages épinglés
    }
message-was-deleted = Ce message a été supprimé.
message-was-deleted-by = { $name } a supprimé ce message.
message-once = Un message à ouvrir une seule fois.
message-once-open = L'ouvrir
message-once-own = S'ouvre une seule fois ; rien n'en reste ici.
message-once-gone = Il n'en reste rien sur vos appareils quand vous fermez ceci.
message-once-files = Ses fichiers se prennent ici pendant une heure.
message-vanishes-title = Disparaît
message-show-all = Tout montrer
message-show-less = Montrer moins
message-reactions = Réactions
message-held-title = En attente.
message-failed-title = Pas envoyé.
reach-sent = envoyé
reach-delivered = reçu
reach-delivered-to = reçu par { $count } sur { $others }
request-accept = Accepter
request-decline = Refuser
request-block = Bloquer
request-about = Rien ne lui est dit avant que vous acceptiez.
held-join = Entrer malgré tout
spoken-title = Nouveaux messages
spoken-elsewhere = Nouveau message de { $name } dans { $place }

# Écrire.
composer-title = Écrire un message
composer-hint-to = Écrire à { $name }
composer-hint-plain = Écrire un message
composer-emoji = Émoji
composer-once = S'ouvre une seule fois
composer-candidates = Suggestions
composer-reply-to = Réponse à { $name }
composer-too-long-to-send = Cela fait { $bytes } octets ; un message en contient { $most }. Envoyez-le en plusieurs fois.
later-title = Ouvrir plus tard
later-opens = S'ouvre : { $when }
later-opens-drand = S'ouvre : { $when }, par drand
later-hour = Dans une heure
later-evening = Ce soir
later-morning = Demain matin
later-week = La semaine prochaine
later-day = Jour
later-time = Heure
later-when = S'ouvre : { $when }, heure d'ici, à l'horloge du serveur.
later-when-drand = S'ouvre : { $when }, heure d'ici.
later-none = Choisissez un jour et une heure.
later-over = Ce moment est passé. Choisissez-en un plus tard.
later-far = Un message se verrouille pour dix ans au plus. Choisissez un moment plus proche.
later-about = D'ici là, seul cet appareil le lit : personne d'autre dans la conversation, ni le serveur à lui seul. Un membre et le responsable du serveur, ensemble, le pourraient.
later-drand = Sans faire confiance à ce serveur
later-drand-about = La balise publique drand publie alors ce qui l'ouvre.
later-about-drand = D'ici là, seul cet appareil le lit. Ce serveur et les membres, ensemble, ne pourraient pas l'ouvrir plus tôt ; la plupart des responsables de la balise, avec un membre, le pourraient. Si la balise cesse un jour, il ne s'ouvre jamais.
later-go = Verrouiller jusque-là
later-off = Sans verrou
emoji-title = Réagir
emoji-find = Trouver un émoji
emoji-more = D'autres émojis
emoji-faces = Visages
emoji-gestures = Mains et personnes
emoji-hearts = Cœurs et joie
emoji-nature = Nature
emoji-food = À table
emoji-things = Objets

# Ce qu'on peut faire.
action-retry = Réessayer
action-discard = Abandonner
menu-message = Message
menu-conversation = Conversation
menu-reply = Répondre
menu-copy = Copier le texte
menu-forward = Transférer
menu-edit = Modifier
menu-pin = Épingler pour tous
menu-unpin = Ne plus épingler
menu-receipts = Qui l'a reçu
menu-retry = Réessayer maintenant
menu-discard = Abandonner
menu-delete = Supprimer pour tous
menu-favourite = Garder en haut
menu-unfavourite = Ne plus garder en haut
menu-mute = Rendre muette
menu-mute-8h = Rendre muette 8 heures
menu-unmute = Ne plus rendre muette
menu-archive = Archiver
menu-unarchive = Sortir des archives
menu-leave = Quitter
menu-withdraw = Retirer
menu-report = Signaler
locks-title = Ce qui s'ouvrira plus tard
locks-waiting = En attente
locks-withdraw = Retirer, { $name }
locks-over = Passés
locks-opened-at = Ouvert : { $when }
locks-none = Rien n'est verrouillé. L'horloge à côté du champ verrouille ce que vous écrivez jusqu'au moment choisi.
locks-most = On n'en montre que { $count } ; ceux qui attendent viennent d'abord.
report-message = Signaler un message
report-person = Signaler une personne
report-message-about = Ceux qui s'occupent de ce serveur apprennent que vous signalez un message, lequel c'est, que { $name } l'a écrit, et quand. { $name } ne l'apprend pas.
report-person-about = Ceux qui s'occupent de ce serveur apprennent que vous signalez { $name }. { $name } ne l'apprend pas.
report-as = Pourquoi
report-spam = Spam
report-abuse = Abus
report-illegal = Illégal
report-other = Autre
report-note = Avec vos mots, si vous voulez
report-reveal = Leur montrer ce qu'il dit
report-reveal-about = Avec la preuve que cela a été dit : tout son texte, ce qu'il cite, et les clés de ses fichiers. Rien d'autre de la conversation n'est montré.
report-block = Bloquer aussi { $name }
report-block-about = Cette personne ne vous joint plus, et ne l'apprend pas.
report-go = Signaler
report-done = C'est signalé. Ce qui est décidé se trouve dans Réglages, Compte, Vos signalements.
reports-title = Vos signalements
reports-none = Aucun signalement
reports-none-about = Un message se signale par son menu, une personne sur sa page.
reports-message = Un message de { $name }
reports-person = { $name }
reports-about = { $category } · { $time }
reports-revealed = ce qu'il dit a été montré
reports-unrevealed = ce qu'il dit n'a pas été montré
reports-open = Personne ne l'a encore regardé.
reports-taken = Quelqu'un s'en occupe.
reports-acted = Quelque chose a été fait.
reports-dismissed = Il n'y avait rien à faire.
forward-title = Transférer à
forward-find = Trouver une conversation
confirm-delete-yes = Supprimer
confirm-discard-yes = Abandonner
confirm-drop-note = Un message vocal attend là où rien ne peut être écrit. L'abandonner ?
confirm-drop-note-yes = Abandonner
confirm-withdraw = Retirer ce message avant son ouverture ? Personne ne le lira, et chacun verra qu'il a été retiré.
confirm-withdraw-yes = Retirer
confirm-leave-yes = Quitter
confirm-decline-yes = Refuser
confirm-join-anyway-yes = Entrer
confirm-block-yes = Bloquer
confirm-identity-yes = Envoyer quand même
confirm-verify-yes = Oui, c'était le même
confirm-remove = Retirer { $name } de cette conversation ?
confirm-remove-yes = Retirer

# Une conversation commence.
begin-title = Nouvelle conversation
begin-person = Personne
begin-group = Groupe
begin-room = Salon ouvert
begin-person-name = Nom d'utilisateur
begin-person-hint = Tel qu'il s'écrit après @. Demandez-le-lui.
begin-person-self = C'est votre propre nom. Tapez celui de quelqu'un d'autre.
begin-person-go = Écrire
begin-group-title = Titre
begin-group-title-hint = Seuls ceux du groupe le voient.
begin-group-people = Personnes
begin-group-people-hint = Noms d'utilisateurs séparés par des espaces. Vous pourrez en inviter d'autres plus tard.
begin-group-go = Créer le groupe
begin-room-about = Chacun sur ce serveur peut entrer dans un salon ouvert. Le serveur en connaît le nom, pas ce qui s'y dit.
begin-no-rooms = Il n'y a pas encore de salon ouvert.
begin-room-name = Nom d'un salon
begin-room-hint = S'il n'y en a pas de ce nom, il est créé.
begin-room-go = Entrer
invite-title = Inviter des personnes
invite-about = Noms d'utilisateurs séparés par des espaces. Ils voient ce qui se dit à partir de maintenant.
invite-go = Inviter

# Personnes et détails.
details-group = Groupe
details-open-room = Salon ouvert
details-invite = Inviter
details-describe = Titre et sujet
details-topic = Sujet
details-topic-about = Scellé, comme tout ce qui se dit.
details-you = (vous)
details-more-about = Plus sur { $name }
member-make-member = Rendre membre
member-make-admin = Rendre administrateur
member-make-owner = Rendre propriétaire
member-remove = Retirer
details-all-members = Tout montrer
loud-title = M'appeler pour
loud-all = tout
loud-mentions = les mentions
loud-none = rien
loud-muted = Muette.
loud-muted-until = Muette jusqu'à { $time }.
loud-not-muted = Pas muette.
vanish-title = Les messages disparaissent
vanish-off = Non
vanish-counted = Compté dès
vanish-from-reading = la lecture
vanish-from-sending = l'envoi
vanish-about = Pour tous les membres, et pour ce qui se dit désormais. Qui veut en garder une copie le peut.
person-title = Personne
person-write = Écrire
person-block = Bloquer
person-report = Signaler
person-unblock = Débloquer
person-blocked = Blocage actif : rien ne vous en parvient.
person-compare = Comparer les numéros
person-compare-about = Lisez-vous ces chiffres par un autre moyen que celui-ci. S'ils sont les mêmes, personne n'est entre vous.
person-verified = Comparé : c'est bien la personne que vous croyez.
person-not-verified = Pas encore comparé.
person-key-changed = La clé de cette personne a changé. Comparez les numéros avant de continuer.
person-verify = Ils sont les mêmes
person-unverify = Ne plus tenir pour comparé
person-accept-key = Envoyer quand même
person-broken = La clé a changé depuis votre comparaison : cette personne n'est plus vérifiée, et ce que vous écrivez attend.
changed-broken = La clé de { $name } a changé depuis votre comparaison : { $name } n'est plus vérifié, et ce que vous écrivez ici attend.
changed-key = La clé de { $name } a changé. Comparez les numéros avec { $name } avant de continuer.
person-compare-again = Comparer de nouveau
person-code = Code à scanner
person-code-about = Faites lire ce code, ou lisez le sien.
person-read = Lire son code
person-no-code = Aucun code n'est visible sur l'image. Approchez-vous, ou collez son texte.
person-paste = Le texte de son code
person-paste-check = Comparer

# Réglages.
settings-title = Réglages
settings-of = Réglages de { $name }
settings-profile = Profil
settings-look = Application
settings-account = Compte
settings-server = Serveur
settings-saved = Enregistré.
settings-done = C'est fait.
settings-card-name = Votre nom
settings-card-name-about = Comme vous voulez être appelé. Votre nom d'utilisateur reste le même.
settings-card-about = À propos de vous
settings-card-who = Seuls ceux à qui vous parlez le voient.
settings-picture = Choisir une image
settings-picture-none = La retirer
settings-picture-not = Ce fichier n'est pas une image que l'on peut assez réduire. Prenez un PNG, un JPEG ou un WebP.
settings-privacy = Lecture et écriture
settings-read-receipts = Accusés de lecture
settings-read-receipts-about = Les autres voient que vous avez lu leurs messages.
settings-presence = Présence
settings-presence-about = Les autres voient que vous êtes là ou que vous écrivez, et vous le voyez d'eux.
settings-language = Langue
settings-theme = Apparence
theme-system = Automatique
theme-light = Claire
theme-dark = Sombre
settings-notifications = Notifications
settings-notifications-on = Ce navigateur vous appelle pour un message tant que Huis y est ouvert et que vous êtes ailleurs.
settings-notifications-denied = Ce navigateur ne peut pas vous appeler. Ses propres réglages pour cette page le permettent.
settings-notifications-ask = Être appelé quand un message arrive et que vous êtes ailleurs.
settings-notifications-allow = Autoriser
settings-notifications-about = Pour quels messages, chaque conversation le dit elle-même. Un appel quand Huis est fermé ne fait pas de différence entre elles.
notification-plain = Un nouveau message
pushes-off = Quand Huis est fermé, vous pouvez être appelé aussi, tant que dure votre session, par le fabricant de ce navigateur. Il apprend que ce serveur a quelque chose pour vous et quand, ni de qui ni quoi.
pushes-allow = Appeler aussi quand Huis est fermé
pushes-on = Quand Huis est fermé, vous êtes appelé aussi, tant que dure votre session, par le fabricant de ce navigateur. Il apprend que ce serveur a quelque chose pour vous et quand, ni de qui ni quoi.
pushes-stop = N'appeler que quand Huis est ouvert
pushes-never = Ce serveur n'appelle personne quand Huis est fermé.
pushes-impossible = Ce navigateur ne peut pas être appelé quand Huis est fermé. Sur un téléphone, ajoutez d'abord Huis à l'écran d'accueil.
pushes-failed = Le fabricant de ce navigateur n'a pas accepté la demande : { $reason }
settings-storage = Gardé dans ce navigateur
settings-storage-used = { $used } sur { $most }
settings-storage-kept = Le navigateur le garde jusqu'à ce que vous vous déconnectiez.
settings-storage-not-kept = Le navigateur peut le jeter s'il manque de place.
settings-storage-keep = Demander de le garder
settings-devices = Appareils
settings-devices-about = Chacun lit vos messages. Retirez ce que vous ne connaissez pas ; chaque appareil dit lui-même ce qu'il est.
settings-device-this = cet appareil
settings-device-used = utilisé en dernier : { $time }
settings-device-no-session = déconnecté
settings-device-added = ajouté : { $time }
settings-device-unnamed = Un appareil qui n'a pas dit ce qu'il est
settings-device-revoke = Retirer
settings-device-revoke-one = Retirer, { $name }
settings-device-revoke-about = Il ne lira plus rien à partir de là.
settings-session-began = connecté : { $time }
settings-session-end = Terminer la session
settings-session-end-one = Terminer la session, { $name }
settings-session-about = Terminer cette session ? L'appareil reste sur votre compte et ne reçoit plus rien tant que personne ne s'y connecte avec votre mot de passe.
settings-session-yes = Terminer
settings-sessions-end = Terminer toutes les autres sessions
settings-sessions-about = Terminer toutes les sessions sauf celle-ci ? Les appareils restent sur votre compte et ne reçoivent plus rien tant que personne ne s'y connecte avec votre mot de passe.
settings-sessions-ended =
    { $count ->
        [one] { $count } session est terminée.
       *[other] { $count } sessions sont terminées.
    }
settings-security = Sécurité
settings-password = Changer le mot de passe
settings-password-about = Il vaut sur tous vos appareils.
settings-password-others = Terminer mes autres sessions
settings-password-others-about = Si quelqu'un connaît peut-être l'ancien. Vos autres appareils restent sur votre compte et demandent le nouveau.
settings-recovery-key = Faire une nouvelle clé de secours
settings-recovery-key-about = La précédente n'ouvrira plus rien. La nouvelle est montrée une seule fois : ayez de quoi écrire.
settings-recovery-key-make = La faire
settings-factor = Un second facteur
settings-factor-about = Se connecter demandera aussi un code de votre application d'authentification. Les appareils connectés le restent.
settings-factor-scan = Scannez ceci avec votre application d'authentification, ou tapez-y le secret. Puis tapez le code qu'elle montre.
settings-factor-code = Code QR pour l'application d'authentification
settings-factor-on = Activer le second facteur
settings-factor-off = Désactiver le second facteur
settings-factor-off-about = Le mot de passe suffira alors pour se connecter.
settings-codes = Codes de secours
settings-codes-about = Montrés cette seule fois. Chacun remplace une fois un code, si l'application est perdue : gardez-les loin d'elle.
settings-codes-make = Faire d'autres codes de secours
settings-codes-make-about = Ceux qui restent ne compteront plus.
settings-codes-kept = Je les garde
settings-lock = Verrouiller
settings-lock-about = Ce qui est gardé ici passe sous votre mot de passe. Rien n'est perdu, et ce qui n'est pas parti partira après l'ouverture.
settings-sign-out = Se déconnecter
settings-sign-out-about = Cet appareil quitte votre compte, et tout ce qui est gardé ici est effacé. Sans le mot de passe, il reste dans la liste jusqu'à ce qu'un autre appareil le retire.
settings-sign-out-anyway = Se déconnecter quand même
settings-identity = Clé d'identité
settings-identity-about = C'est par elle que les autres vous reconnaissent. Les numéros de sécurité en sont tirés.
settings-history = L'historique sur les nouveaux appareils
settings-history-about = Un appareil que vous ajoutez plus tard peut restaurer ce que vos appareils ont. Ils le laissent scellé sur le serveur, qui n'en lit rien. Les messages qui disparaissent ou ne s'ouvrent qu'une fois n'y vont jamais, et ce qui est supprimé en sort.
settings-history-cost = Quiconque ouvre votre compte avec votre mot de passe ou votre clé de secours lit alors tout ce qui est gardé, même dit il y a longtemps. Sans archive, les clés sont oubliées et personne ne le peut.
settings-history-on = Garder mon historique
settings-history-off = Ne plus le garder
settings-history-off-about = Retirer du serveur tout ce qui y est gardé ? Ce que vos appareils ont y reste.
settings-history-is-on = Il est gardé : { $size } sur le serveur.
settings-history-restoring = Restauré ici : { $done } parties sur { $all }.
settings-server-about = Il porte et garde vos messages, et n'en peut lire aucun.
settings-invite = Inviter quelqu'un sur ce serveur
settings-invite-about = Un lien pour un nouveau venu, valable une semaine. Le responsable du serveur peut en créer.
settings-invite-make = Créer une invitation

# Touches.
shortcut-sheet = Raccourcis clavier
shortcut-search = rechercher partout
shortcut-begin = nouvelle conversation
shortcut-panes = partie suivante de la page
shortcut-edit-last = modifier votre dernier message (champ vide)
shortcut-mention = nommer quelqu'un
shortcut-emoji = émoji par son nom
shortcut-later = faire ouvrir plus tard
shortcut-voice = enregistrer un message vocal
shortcut-to-messages = aux messages
shortcut-on-message = Sur un message
shortcut-menu = tout ce qu'on peut faire
shortcut-move = en haut et en bas

# Comme le dit le terminal, sans ce qu'on y tape.
failure-already-signed-in = { $name } est connecté ici. Déconnectez-le d'abord.
failure-unknown-room = Il n'y a pas de salon { $name }. Vérifiez l'orthographe, ou créez-le sous Nouvelle conversation.
failure-unknown-device = Le compte n'a pas d'appareil { $name }. Les réglages les montrent tous.
failure-unknown-member = { $name } n'est pas dans cette conversation. Les détails montrent qui s'y trouve.
failure-not-allowed = Votre rôle dans cette conversation ne le permet pas. Demandez à un propriétaire ou à un administrateur ; les détails montrent qui l'est.
failure-not-a-member = Vous n'êtes pas (ou plus) dans cette conversation. Un membre peut vous inviter ; un salon ouvert vous laisse rentrer.
failure-identity-changed = La clé de { $name } a changé, et rien ne part avant que vous ayez comparé, ou passé outre.
failure-other-pair = Ce code n'est pas celui que { $name } affiche pour vous. Demandez-lui d'ouvrir le code à votre nom, et lisez celui-là.
failure-other-number = Ce n'est pas le numéro de sécurité avec { $name } qui compte ici ; rien n'a changé. Regardez-le de nouveau et comparez encore une fois.
failure-blocked = { $name } est bloqué. Débloquez d'abord.
failure-database = Ce qui est gardé ici est inutilisable : { $reason }. Vérifiez qu'il reste de la place sur l'appareil.
notice-identity-changed = La clé de { $name } a changé. Rien n'est envoyé à { $name } avant que vous compariez les numéros et l'acceptiez.
notice-identity-handed-over = { $name } a une autre clé, à laquelle la précédente a cédé le compte ; quelqu'un qui aurait volé celle-ci pourrait le faire aussi. Rien n'est envoyé à { $name } seul avant que vous compariez les numéros et l'acceptiez.
notice-identity-broken = Vous aviez comparé les numéros avec { $name }, dont la clé a changé depuis : quelqu'un se trouve peut-être entre vous. Ce que vous écrivez à { $name }, dans les groupes aussi, attend ici que vous compariez de nouveau, ou que vous l'envoyiez quand même.
notice-identity-broken-by-handover = Vous aviez comparé les numéros avec { $name }, qui a une autre clé depuis. La précédente lui a transmis le compte par sa signature, ce que quelqu'un qui l'aurait volée pourrait faire aussi. Ce que vous écrivez à { $name }, dans les groupes aussi, attend ici que vous compariez de nouveau, ou que vous l'envoyiez quand même.
notice-own-device-added =
    { $count ->
        [one] Votre compte a un nouvel appareil. Si vous ne l'avez pas ajouté, retirez-le tout de suite dans les réglages et renouvelez votre identité : quelqu'un connaît votre mot de passe.
       *[other] Votre compte a { $count } nouveaux appareils. Si vous ne les avez pas ajoutés, retirez-les tout de suite dans les réglages et renouvelez votre identité : quelqu'un connaît votre mot de passe.
    }
notice-recovery-key-changed = Votre compte a une autre clé de secours, faite sur un autre de vos appareils ; la précédente n'ouvre plus rien. Si ce n'était pas vous, quelqu'un connaît votre mot de passe : renouvelez votre identité dans un terminal.
notice-second-factor-on = Un autre de vos appareils a activé le second facteur : la connexion, et la clé de secours, demandent désormais aussi un code. Si ce n'était pas vous, quelqu'un connaît votre mot de passe et a un appareil connecté à votre compte. Cela ne se défait pas d'ici : gardez cet appareil connecté, et prévenez vos contacts et qui s'occupe du serveur.
notice-second-factor-off = Un autre de vos appareils a désactivé le second facteur : le mot de passe suffit pour se connecter. Si ce n'était pas vous, quelqu'un connaît votre mot de passe et a eu un code : renouvelez votre identité dans un terminal.
notice-identity-renewed = Votre compte a la nouvelle clé d'identité que vous avez demandée, et ceci est son seul appareil.
notice-vault-set-back = Le serveur restauré a peut-être le mot de passe et le coffre du compte d'un moment antérieur. Si quelqu'un d'autre connaît ce mot de passe, changez-le dans les réglages.

# Fichiers.
files-attach = Joindre des fichiers
files-to-send = Fichiers à envoyer
files-take-out = Retirer { $name }
files-too-many = Un message porte au plus { $count } fichiers.
files-strip = Photos sans lieu ni appareil
files-strip-about = Ce qui dit où, quand et avec quoi elles ont été prises est enlevé.
files-not-stripped = Rien n'est enlevé des films, ni des images autres que JPEG, PNG et WebP : elles peuvent dire où et quand elles ont été prises.
files-look = Voir { $name }
files-fetch = Télécharger { $name }
files-save = Enregistrer { $name }
files-pause = Mettre { $name } en pause
files-resume = Reprendre { $name }
files-again = Réessayer { $name }
files-cancel = Annuler { $name }
files-progress = Ce qui est arrivé
files-done-of = { $done } sur { $size }
files-left-seconds =
    { $count ->
        [one] encore { $count } seconde
       *[other] encore { $count } secondes
    }
files-left-minutes =
    { $count ->
        [one] encore { $count } minute
       *[other] encore { $count } minutes
    }
files-left-hours =
    { $count ->
        [one] encore { $count } heure
       *[other] encore { $count } heures
    }
details-files = Fichiers
viewer-title = Image
viewer-nearer = Agrandir
viewer-farther = Réduire
viewer-before = La précédente
viewer-after = La suivante
viewer-broken = Cette image ne peut pas être affichée. Elle peut être téléchargée.

# Messages vocaux.
voice-title = Message vocal
voice-record = Enregistrer un message vocal
voice-asking = Autorisez le micro pour que l'on vous entende.
voice-recording = Enregistrement
voice-sending = Envoi
voice-send = Envoyer le message vocal
voice-drop = Abandonner l'enregistrement
voice-refused = Le micro n'est pas autorisé ici. Autorisez-le pour cette page à côté de l'adresse ou dans les réglages du navigateur, puis appuyez de nouveau.
voice-missing = Aucun micro n'a été trouvé. Branchez-en un, puis appuyez de nouveau.
voice-unable = Le micro ne peut pas être utilisé. Un autre programme l'occupe peut-être.
voice-nothing = Rien n'a été enregistré.
voice-waits = Un message vocal attend dans une autre conversation. Envoyez-le là-bas ou abandonnez-le d'abord.
voice-left = Arrêté parce que vous étiez ailleurs. Envoyez-le ou abandonnez-le.
voice-hidden = Arrêté parce que la page était cachée. Envoyez-le ou abandonnez-le.
voice-lost = Arrêté parce que le micro a disparu. Envoyez-le ou abandonnez-le.
voice-full = Un message vocal ne peut pas être plus long. Envoyez-le ou abandonnez-le.
voice-not-sent = Il n'est pas parti. Réessayez ou abandonnez-le.
voice-play = Écouter le message vocal
voice-pause = Mettre le message vocal en pause
voice-place = Position dans le message vocal
voice-speed = Vitesse
voice-broken = Ceci ne peut pas être lu ici, mais peut être téléchargé.
film-play = Lire { $name }
